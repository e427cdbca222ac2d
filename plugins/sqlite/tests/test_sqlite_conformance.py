"""The storages in SQLite files do what the interfaces say."""

from functools import partial

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

ABILITIES = frozenset({Ability.SURVIVES_REOPEN, Ability.SHARES_BETWEEN_PROCESSES, Ability.KEEPS_NUL_IN_NAMES})


def opener_of(storage):
    return partial(type(storage), storage.database.path.parent)


class TestSqliteStorage(StorageConformance):
    abilities = ABILITIES

    def make_storage(self, tmp_path):
        return SqliteStorage(tmp_path)

    def opener(self, storage):
        return opener_of(storage)


class TestSqliteRunStorage(RunStorageConformance):
    abilities = ABILITIES

    def make_storage(self, tmp_path):
        return SqliteRunStorage(tmp_path)

    def opener(self, storage):
        return opener_of(storage)


class TestConsolidatedSqliteEventLogStorage(EventLogStorageConformance):
    abilities = ABILITIES

    def make_storage(self, tmp_path):
        return ConsolidatedSqliteEventLogStorage(tmp_path)

    def opener(self, storage):
        return opener_of(storage)


class TestSqliteEventLogStorage(EventLogStorageConformance):
    abilities = ABILITIES

    def make_storage(self, tmp_path):
        return SqliteEventLogStorage(tmp_path)

    def opener(self, storage):
        return opener_of(storage)

    @overrides("with a file for each run, the time of the cursor selects runs: see test_sqlite_sharded.py")
    def test_a_sharded_cursor_counts_by_its_id(self, storage):
        """Nothing: it does not."""


class TestSqliteScheduleStorage(ScheduleStorageConformance):
    abilities = ABILITIES

    def make_storage(self, tmp_path):
        return SqliteScheduleStorage(tmp_path)

    def opener(self, storage):
        return opener_of(storage)
