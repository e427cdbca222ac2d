"""How the suites of `runrack.testing` make what this package holds; `runrack plugins verify runrack-duckdb` runs them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.suite import Ability
from typing_extensions import override

from runrack_duckdb.event_log_storage import DuckdbEventLogStorage
from runrack_duckdb.run_storage import DuckdbRunStorage

_ABILITIES = frozenset({Ability.SURVIVES_REOPEN, Ability.KEEPS_NUL_IN_NAMES})


class TestDuckdbRunStorage(RunStorageConformance):
    """`DuckdbRunStorage`, in a new folder for each test."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> DuckdbRunStorage:
        self._folder = tmp_path
        return DuckdbRunStorage(tmp_path)

    @override
    def opener(self, storage: object) -> Callable[[], DuckdbRunStorage]:
        return partial(DuckdbRunStorage, self._folder)


class TestDuckdbEventLogStorage(EventLogStorageConformance):
    """`DuckdbEventLogStorage`, in a new folder for each test."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> DuckdbEventLogStorage:
        self._folder = tmp_path
        return DuckdbEventLogStorage(tmp_path)

    @override
    def opener(self, storage: object) -> Callable[[], DuckdbEventLogStorage]:
        return partial(DuckdbEventLogStorage, self._folder)
