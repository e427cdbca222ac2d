"""How the suites of `runrack.testing` make the storages of this package; `runrack plugins verify sqlite` runs them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from typing_extensions import override

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import Ability, overrides
from runrack_sqlite import (
    ConsolidatedSqliteEventLogStorage,
    SqliteEventLogStorage,
    SqliteRunStorage,
    SqliteScheduleStorage,
    SqliteStorage,
)

_ABILITIES = frozenset(
    {Ability.SURVIVES_REOPEN, Ability.SHARES_BETWEEN_PROCESSES, Ability.KEEPS_NUL_IN_NAMES}
)


def _opener(storage: Any) -> Callable[[], Any]:
    storage_class: Callable[[Path], Any] = type(storage)
    return partial(storage_class, storage.database.path.parent)


class TestSqliteStorage(StorageConformance):
    """`SqliteStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> SqliteStorage:
        return SqliteStorage(tmp_path)

    @override
    def opener(self, storage: Any) -> Callable[[], Any]:
        return _opener(storage)


class TestSqliteRunStorage(RunStorageConformance):
    """`SqliteRunStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> SqliteRunStorage:
        return SqliteRunStorage(tmp_path)

    @override
    def opener(self, storage: Any) -> Callable[[], Any]:
        return _opener(storage)


class TestConsolidatedSqliteEventLogStorage(EventLogStorageConformance):
    """`ConsolidatedSqliteEventLogStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> ConsolidatedSqliteEventLogStorage:
        return ConsolidatedSqliteEventLogStorage(tmp_path)

    @override
    def opener(self, storage: Any) -> Callable[[], Any]:
        return _opener(storage)


class TestSqliteEventLogStorage(EventLogStorageConformance):
    """`SqliteEventLogStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> SqliteEventLogStorage:
        return SqliteEventLogStorage(tmp_path)

    @override
    def opener(self, storage: Any) -> Callable[[], Any]:
        return _opener(storage)

    @overrides("with a file for each run, the time of the cursor selects runs: see test_sqlite_sharded.py")
    @override
    def test_a_sharded_cursor_counts_by_its_id(self, storage: Any) -> None:
        """Nothing: it does not."""


class TestSqliteScheduleStorage(ScheduleStorageConformance):
    """`SqliteScheduleStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> SqliteScheduleStorage:
        return SqliteScheduleStorage(tmp_path)

    @override
    def opener(self, storage: Any) -> Callable[[], Any]:
        return _opener(storage)
