"""What a plugin declares in its pyproject.toml is what the code holds."""

import tomllib
from importlib.metadata import EntryPoint, distribution
from pathlib import Path

import pytest

from runrack.definitions.executor import ExecutorDefinition
from runrack.host.slots import SLOTS

ROOT = Path(__file__).parents[2]
INTERFACES = {f"runrack.{slot.name}": slot for slot in SLOTS.values() if slot.interface}
OTHERS = {"runrack.executor", "runrack.hooks", "runrack.plugin_api"}


def declared_entry_points() -> list[tuple[str, EntryPoint]]:
    """Every entry point under plugins/, with the distribution that declares it."""
    manifests = [tomllib.loads(path.read_text()) for path in sorted(ROOT.glob("plugins/*/pyproject.toml"))]
    return [
        (manifest["project"]["name"], EntryPoint(name, value, group))
        for manifest in manifests
        for group, points in manifest["project"].get("entry-points", {}).items()
        for name, value in points.items()
    ]


POINTS = declared_entry_points()
FILLED = [point for _, point in POINTS if point.group in INTERFACES]


def identifier(point: EntryPoint) -> str:
    """How a test names an entry point."""
    return f"{point.group}:{point.name}"


def test_every_group_is_known() -> None:
    """A plugin declares entry points only in groups that runrack reads."""
    assert {point.group for _, point in POINTS} <= INTERFACES.keys() | OTHERS


@pytest.mark.parametrize("point", FILLED, ids=identifier)
def test_a_plugin_implements_the_interface_of_its_slot(point: EntryPoint) -> None:
    """The class behind an entry point is complete: of the slot's interface, with no abstract method left."""
    implementation = point.load()
    assert issubclass(implementation, INTERFACES[point.group].load_interface())
    assert implementation.__abstractmethods__ == frozenset()


@pytest.mark.parametrize(
    "point", [point for _, point in POINTS if point.group == "runrack.executor"], ids=identifier
)
def test_an_executor_entry_point_is_a_definition(point: EntryPoint) -> None:
    """An executor is declared as the definition that a job would name."""
    assert isinstance(point.load(), ExecutorDefinition)


@pytest.mark.parametrize(
    "point",
    [point for _, point in POINTS if point.group in {"runrack.plugin_api", "runrack.hooks"}],
    ids=identifier,
)
def test_every_other_entry_point_loads(point: EntryPoint) -> None:
    """What `runrack.plugin_api` and `runrack.hooks` name can be imported."""
    assert point.load() is not None


@pytest.mark.parametrize("name", sorted({name for name, _ in POINTS}))
def test_what_is_installed_is_what_the_folder_declares(name: str) -> None:
    """The environment is up to date: a changed pyproject.toml was installed again."""
    installed = {(point.group, point.name, point.value) for point in distribution(name).entry_points}
    assert installed == {(point.group, point.name, point.value) for owner, point in POINTS if owner == name}
