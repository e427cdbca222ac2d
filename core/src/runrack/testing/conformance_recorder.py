"""ConformanceRecorder: writes down, while pytest runs, how plugins do in the suites."""

import inspect
import platform
import sys
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runrack.config.secret import redact
from runrack.host.conformance_report import ConformanceFailure, ConformanceReport, SuiteResult
from runrack.host.core_version import core_version
from runrack.host.plugin_record import PluginRecord
from runrack.host.registry import PluginRegistry
from runrack.host.slots import PLUGIN_API, SLOTS
from runrack.testing.conformance.suite import (
    SUITE_VERSION,
    ConformanceSuite,
    needed_ability,
    override_reason,
)

_KIT = "runrack.testing.conformance."
_MAX_ERROR = 300


@dataclass
class _Record:
    """What is known so far of one suite."""

    slot: str
    suite: type[ConformanceSuite[Any]]
    plugin: PluginRecord | None = None
    outcomes: dict[str, str] = field(default_factory=dict)
    failures: dict[str, ConformanceFailure] = field(default_factory=dict)
    not_applicable: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)


class ConformanceRecorder:
    """Writes a conformance report at the end of a session of pytest.

    Args:
        file: Where to.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._records: dict[type, _Record] = {}
        self._plugins: dict[str, list[PluginRecord]] = {slot: [] for slot in SLOTS}
        for record in PluginRegistry().list_plugins():
            self._plugins.get(record.slot, []).append(record)

    @pytest.hookimpl
    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Count the tests that do not apply."""
        for item in items:
            found = self._record_of(item)
            ability = needed_ability(getattr(item, "function", None))
            if found is not None and ability is not None and ability not in found.suite.abilities:
                found.not_applicable[ability] = found.not_applicable.get(ability, 0) + 1

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note how a phase of a test went."""
        report = yield
        found = self._record_of(item)
        if found is not None:
            self._note(found, item, call, report)
        return report

    def pytest_sessionfinish(self) -> None:
        """Write the report."""
        report = ConformanceReport(
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            core=core_version(),
            plugin_api=PLUGIN_API,
            python=platform.python_version(),
            suites=tuple(_result_of(record) for record in self._records.values() if record.outcomes),
        )
        self._file.write_text(report.render(), encoding="utf-8")

    def _record_of(self, item: pytest.Item) -> _Record | None:
        """Return the record that the item counts for; None when it is no test of the kit."""
        suite: Any = getattr(item, "cls", None)
        slot = None if suite is None else slot_of(suite)
        if slot is None:
            return None
        record = self._records.setdefault(suite, _Record(slot, suite))
        name = getattr(item, "originalname", item.name)
        owner = next(base for base in suite.__mro__ if name in vars(base))
        if owner.__module__.startswith(_KIT):
            return record
        reason = override_reason(vars(owner)[name])
        if reason is not None:
            record.replaced[name] = reason
        return None

    def _note(
        self, found: _Record, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
    ) -> None:
        if found.plugin is None:
            found.plugin = self._plugin_of(found, getattr(item, "funcargs", {}).values())
        if report.failed:
            found.outcomes[item.nodeid] = "failed"
            found.failures.setdefault(item.nodeid, _failure_of(item, call))
        elif report.skipped:
            found.outcomes.setdefault(item.nodeid, "skipped")
        elif report.when == "call":
            found.outcomes.setdefault(item.nodeid, "passed")

    def _plugin_of(self, found_suite: _Record, values: Iterable[object]) -> PluginRecord | None:
        """Return the installed plugin that the suite names, or that one of the values is, or is an object of, or None."""
        candidates = self._plugins[found_suite.slot]
        if found_suite.suite.plugin:
            named = [record for record in candidates if record.name == found_suite.suite.plugin]
            return named[0] if named else None
        for value in list(values):
            for record in candidates:
                found = _imported(record.target)
                if found is not None and (found is value or found is type(value)):
                    return record
        return None


def slot_of(suite: type) -> str | None:
    """Return the slot whose suite a class inherits; None when it inherits none.

    Each suite lies in the module of the same name as its slot.
    """
    for base in suite.__mro__:
        slot = base.__module__.removeprefix(_KIT)
        if slot in SLOTS and base.__module__.startswith(_KIT):
            return slot
    return None


def hint_of(test: Callable[..., object] | None) -> tuple[str, str]:
    """Return what a test states and where it says to look, from the paragraphs of its docstring."""
    states, _, hint = (inspect.getdoc(test) or "").partition("\n\n")
    return " ".join(states.split()), " ".join(hint.split())


def _imported(target: str) -> object | None:
    """Return the object of a plugin whose module is imported already, or None."""
    module, _, attribute = target.partition(":")
    return getattr(sys.modules.get(module), attribute, None)


def _failure_of(item: pytest.Item, call: pytest.CallInfo[None]) -> ConformanceFailure:
    error = call.excinfo.exconly() if call.excinfo is not None else ""
    states, look_at = hint_of(getattr(item, "function", None))
    line = redact(error).strip().partition("\n")[0][:_MAX_ERROR]
    return ConformanceFailure(item.name, states, look_at, line)


def _result_of(record: _Record) -> SuiteResult:
    outcomes = list(record.outcomes.values())
    plugin = record.plugin
    return SuiteResult(
        suite=record.suite.__name__,
        slot=record.slot,
        name="" if plugin is None else plugin.name,
        target="" if plugin is None else plugin.target,
        distribution="" if plugin is None else plugin.distribution or "",
        version="" if plugin is None else plugin.version,
        suite_version=SUITE_VERSION,
        abilities=tuple(sorted(record.suite.abilities)),
        passed=outcomes.count("passed"),
        failed=outcomes.count("failed"),
        skipped=outcomes.count("skipped"),
        not_applicable=record.not_applicable,
        replaced=record.replaced,
        failures=tuple(record.failures.values()),
    )
