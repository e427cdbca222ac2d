"""Suites for a plugin that is built from configuration alone, as `runrack plugins verify --config` runs them."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from runrack.errors import InvalidArgumentError
from runrack.host.configurable import ConfigurableClassData
from runrack.host.slots import get_slot
from runrack.testing.conformance.compute_log_manager import ComputeLogManagerConformance
from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import Ability, ConformanceSuite

FOLDER = "{folder}"
"""What stands for an empty folder of the test's own in a configuration."""

_SUITES: Mapping[str, type[ConformanceSuite[Any]]] = {
    "storage": StorageConformance,
    "run_storage": RunStorageConformance,
    "event_log_storage": EventLogStorageConformance,
    "schedule_storage": ScheduleStorageConformance,
    "compute_log_manager": ComputeLogManagerConformance,
}


def configured_suite(
    slot: str, target: str, config: Mapping[str, Any], abilities: Iterable[str] = ()
) -> type[ConformanceSuite[Any]]:
    """Return the suite of a slot for the plugin that a configuration builds.

    Args:
        slot: The slot.
        target: Where the plugin lies: `package.module:attribute`.
        config: Its configuration; `{folder}` in a text stands for an empty folder, another one for each test.
        abilities: What the plugin can do, by the values of `Ability`.

    Raises:
        InvalidArgumentError: The parts of this slot cannot be tested with a configuration alone, or there is no such ability.
    """
    if slot not in _SUITES:
        raise InvalidArgumentError(
            f"a plugin for {slot} cannot be tested with a configuration alone; slots: {', '.join(_SUITES)}"
        )
    unknown = set(abilities) - set(Ability)
    if unknown:
        raise InvalidArgumentError(
            f"there is no ability {', '.join(sorted(unknown))}; abilities: {', '.join(Ability)}"
        )

    def make(_suite: object, tmp_path: Path) -> Any:
        return _open(slot, _data(target, _in_folder(config, str(tmp_path))))

    def opener(_suite: object, storage: Any) -> Callable[[], Any]:
        return partial(_open, slot, storage.inst_data)

    base = _SUITES[slot]
    maker = "make_manager" if slot == "compute_log_manager" else "make_storage"
    members = {maker: make, "opener": opener, "abilities": frozenset(Ability(name) for name in abilities)}
    return type(f"Configured{base.__name__}", (base,), members)


def _data(target: str, config: dict[str, Any]) -> ConfigurableClassData:
    module, _, class_name = target.partition(":")
    return ConfigurableClassData.from_config(module, class_name, config)


def _open(slot: str, data: ConfigurableClassData) -> Any:
    return data.rehydrate(get_slot(slot).load_interface())


def _in_folder(config: Any, folder: str) -> Any:
    """Return the configuration with the folder in place of what stands for it."""
    if isinstance(config, str):
        return config.replace(FOLDER, folder)
    if isinstance(config, Mapping):
        return {key: _in_folder(value, folder) for key, value in config.items()}
    if isinstance(config, list):
        return [_in_folder(value, folder) for value in config]
    return config
