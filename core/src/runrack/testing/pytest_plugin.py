"""A pytest plugin for projects that test runrack plugins: `pytest -p runrack.testing.pytest_plugin`.

- Tests of a conformance suite that need an ability which the suite does not declare are deselected: what does not apply
  is not a test that was skipped.
- `--conformance-report PATH` writes down how the tested plugins did in their suites, for programs and for
  `runrack plugins show`.
- `--conformance-slot SLOT`, which may be repeated, selects the suites of some slots.
- Secrets that one test registers are forgotten before the next.
- The fixtures of `runrack.testing.fixtures`, and `postgres_server` and `mariadb_server`, are there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runrack.config.secret import forget_secrets
from runrack.testing.conformance.suite import lacks_ability
from runrack.testing.conformance_recorder import ConformanceRecorder, slot_of
from runrack.testing.fixtures import broken_plugin, fake_dist, isolated_plugins, manual_clock
from runrack.testing.mariadb import mariadb_server
from runrack.testing.postgres import postgres_server

__all__ = [
    "broken_plugin",
    "fake_dist",
    "isolated_plugins",
    "manual_clock",
    "mariadb_server",
    "postgres_server",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the conformance kit."""
    group = parser.getgroup("runrack", "conformance of runrack plugins")
    group.addoption(
        "--conformance-report",
        metavar="PATH",
        type=Path,
        help="write how plugins did in their suites to this file, as JSON",
    )
    group.addoption(
        "--conformance-slot",
        metavar="SLOT",
        action="append",
        help="run only the suites of this slot; may be repeated",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin the report that is asked for.

    Raises:
        pytest.UsageError: Several processes share the tests, and each would know a part.
    """
    file = config.getoption("--conformance-report")
    if file is not None and config.getoption("numprocesses", None):
        raise pytest.UsageError("--conformance-report is written by one process: run pytest with -n0")
    if file is not None:
        config.pluginmanager.register(ConformanceRecorder(file), "runrack-conformance-recorder")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that do not apply."""
    slots: list[str] | None = config.getoption("--conformance-slot")
    idle = [item for item in items if _does_not_apply(item) or not _is_in_slots(item, slots)]
    if idle:
        config.hook.pytest_deselected(items=idle)
        left_out = set(idle)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True)
def _forgotten_secrets() -> Iterator[None]:
    yield
    forget_secrets()


def _does_not_apply(item: pytest.Item) -> bool:
    suite: Any = getattr(item, "cls", None)
    test: Any = getattr(item, "function", None)
    return lacks_ability(suite, test)


def _is_in_slots(item: pytest.Item, slots: list[str] | None) -> bool:
    suite: Any = getattr(item, "cls", None)
    return slots is None or (suite is not None and slot_of(suite) in slots)
