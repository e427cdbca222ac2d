"""Each plugin of the house is held to the suite of its slot, and each suite is shown to find mistakes."""

import importlib
import importlib.util
import inspect
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pytest

import runrack.testing.conformance
from runrack.host.slots import SLOTS
from runrack.testing.conformance_recorder import slot_of

ROOT = Path(__file__).parents[2]
GROUP = "runrack."

WITHOUT_A_SUITE = {
    ("compute_log_manager", "noop"): "it keeps nothing, so nothing of the suite can hold",
}
"""Plugins that their package does not verify, and why."""

ENOUGH = 15
"""So many wrong implementations a suite has to reject before we trust that it finds mistakes."""


def plugins() -> Iterator[tuple[str, str, str]]:
    """Slot, name and target of each plugin of the house."""
    for file in sorted(ROOT.glob("plugins/*/pyproject.toml")):
        groups = tomllib.loads(file.read_text())["project"].get("entry-points", {})
        for group, points in groups.items():
            if group.removeprefix(GROUP) in SLOTS:
                yield from ((group.removeprefix(GROUP), name, target) for name, target in points.items())


PLUGINS = list(plugins())
KINDS = sorted(
    slot for slot in SLOTS if Path(runrack.testing.conformance.__file__).with_name(f"{slot}.py").exists()
)


def suites(module: ModuleType) -> list[type]:
    """The suites that a module holds."""
    found = [each for each in vars(module).values() if inspect.isclass(each)]
    return [each for each in found if slot_of(each) and each.__module__ == module.__name__]


def made_by(suite: type) -> set[object]:
    """What a suite makes, as far as it says so without being run."""
    makers = [
        getattr(suite, name)
        for name in dir(suite)
        if name.startswith("make_") and "return" in getattr(getattr(suite, name), "__annotations__", {})
    ]
    return {getattr(suite, "storage_class", None), *(get_type_hints(maker)["return"] for maker in makers)}


@pytest.mark.parametrize(("slot", "name", "target"), PLUGINS)
def test_a_plugin_is_verified_by_its_package(slot: str, name: str, target: str) -> None:
    """`runrack plugins verify` holds each plugin to the suite of its slot, unless the list says why not."""
    module, _, attribute = target.partition(":")
    plugin = getattr(importlib.import_module(module), attribute)
    own = suites(importlib.import_module(f"{module.partition('.')[0]}.conformance"))
    verified = [
        suite
        for suite in own
        if slot_of(suite) == slot and (getattr(suite, "plugin", "") == name or plugin in made_by(suite))
    ]
    assert bool(verified) is not ((slot, name) in WITHOUT_A_SUITE)


def load(file: Path) -> ModuleType:
    """Execute a file of tests that is in no package."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_suite_rejects_enough() -> None:
    """For each kind of part there are at least 15 implementations that are wrong in one point; the tests beside them reject all."""
    patterns = ("core/tests/*/wrong_*.py", "plugins/*/tests/wrong_*.py", "plugins/*/tests/test_*_mutants.py")
    files = [file for pattern in patterns for file in ROOT.glob(pattern)]
    counted = Counter(
        slot_of(suite)
        for file in files
        for suite in vars(load(file)).values()
        if inspect.isclass(suite) and hasattr(suite, "rejected_by")
    )
    assert {kind: counted[kind] for kind in KINDS if counted[kind] < ENOUGH} == {}
