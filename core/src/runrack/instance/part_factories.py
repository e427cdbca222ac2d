"""What creates the parts of an instance, by slot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from runrack.host.registry import PluginRegistry
from runrack.host.slots import get_slot
from runrack.instance.composite_storage import CompositeStorage
from runrack.instance.configuration import Configuration, plugin_data
from runrack.instance.instance_ref import InstanceRef
from runrack.instance.parts import Factories
from runrack.interfaces.part import InstancePart
from runrack.interfaces.storage import Storage

_PLAIN_SLOTS = ("artifact_storage", "compute_log_manager", "scheduler", "run_coordinator", "run_launcher")
_EPHEMERAL_PLUGINS = {
    "storage": "memory",
    "compute_log_manager": "noop",
    "run_coordinator": "default",
    "run_launcher": "in_process",
}


def factories_from_ref(
    ref: InstanceRef, registry: PluginRegistry, configuration: Configuration | None = None
) -> Factories:
    """Return what builds the parts that a reference describes.

    Args:
        ref: The reference.
        registry: Where the classes come from.
        configuration: The file that the reference was made from, for the positions of problems.
    """

    def build(slot: str) -> Any:
        data = ref.part_data(slot)
        if data is None:
            return None
        return data.rehydrate(
            get_slot(slot).load_interface(),
            registry=registry,
            base_dir=Path(ref.base_dir),
            document=None if configuration is None else configuration.document,
            path=None if configuration is None else configuration.path_of(slot),
        )

    def build_storage() -> Storage:
        combined: Storage | None = build("storage")
        if combined is not None:
            return combined
        separate = CompositeStorage(
            build("run_storage"), build("event_log_storage"), build("schedule_storage")
        )
        separate.repair_unfinished_runs()
        return separate

    return {"storage": build_storage, **{slot: partial(build, slot) for slot in _PLAIN_SLOTS}}


def ephemeral_factories(registry: PluginRegistry, base_dir: Callable[[], str]) -> Factories:
    """Return what builds the parts of an instance that keeps everything in memory.

    Args:
        registry: Where the plugins come from.
        base_dir: Gives the folder for artifacts when it is needed.
    """

    def build(slot: str, name: str, config: Mapping[str, Any]) -> Any:
        return plugin_data(registry, slot, name, config).rehydrate(
            get_slot(slot).load_interface(), registry=registry
        )

    factories: dict[str, Callable[[], InstancePart | None]] = {
        slot: partial(build, slot, name, {}) for slot, name in _EPHEMERAL_PLUGINS.items()
    }
    factories["artifact_storage"] = lambda: build("artifact_storage", "local", {"base_dir": base_dir()})
    return factories


def given_parts(parts: Mapping[str, InstancePart | None]) -> Factories:
    """Return what gives the parts that exist already."""
    return {slot: partial(_same, part) for slot, part in parts.items() if part is not None}


def _same(part: InstancePart) -> InstancePart:
    return part
