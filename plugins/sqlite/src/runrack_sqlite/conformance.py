"""How the suites of `runrack.testing` make the storages of this package; `runrack plugins verify sqlite` runs them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import Ability, overrides
from runrack_sql.testing.in_database import InDatabase
from runrack_sqlite import (
    ConsolidatedSqliteEventLogStorage,
    SqliteEventLogStorage,
    SqliteRunStorage,
    SqliteScheduleStorage,
    SqliteStorage,
)


class InSqliteFile(InDatabase):
    """Gives each test of a suite a folder for the files of its storages."""

    abilities = frozenset(
        {Ability.SURVIVES_REOPEN, Ability.SHARES_BETWEEN_PROCESSES, Ability.KEEPS_NUL_IN_NAMES}
    )
    storage_class: Any = SqliteStorage

    @pytest.fixture(autouse=True)
    def _in_an_empty_folder(self, tmp_path: Path) -> None:
        self.place = str(tmp_path)

    @override
    def connect(self, place: str) -> Any:
        return sqlite3.connect(Path(place) / self.storage_class.FILE_NAME)

    @override
    @contextmanager
    def new_place(self, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
        yield str(tmp_path / "untouched")


class TestSqliteStorage(InSqliteFile, StorageConformance):
    """`SqliteStorage`."""

    storage_class = SqliteStorage


class TestSqliteRunStorage(InSqliteFile, RunStorageConformance):
    """`SqliteRunStorage`."""

    storage_class = SqliteRunStorage


class TestConsolidatedSqliteEventLogStorage(InSqliteFile, EventLogStorageConformance):
    """`ConsolidatedSqliteEventLogStorage`."""

    storage_class = ConsolidatedSqliteEventLogStorage


class TestSqliteEventLogStorage(InSqliteFile, EventLogStorageConformance):
    """`SqliteEventLogStorage`."""

    storage_class = SqliteEventLogStorage

    @overrides("with a file for each run, the time of the cursor selects runs: see test_sqlite_sharded.py")
    @override
    def test_a_sharded_cursor_counts_by_its_id(self, storage: Any) -> None:
        """Nothing: it does not."""


class TestSqliteScheduleStorage(InSqliteFile, ScheduleStorageConformance):
    """`SqliteScheduleStorage`."""

    storage_class = SqliteScheduleStorage
