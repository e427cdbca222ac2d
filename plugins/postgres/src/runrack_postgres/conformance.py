"""How the suites of `runrack.testing` make the storages of this package; `runrack plugins verify postgres` runs them.

They start a PostgreSQL server of their own, or use the one that `RUNRACK_TEST_POSTGRES_URL` names.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from typing_extensions import override

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import Ability
from runrack.testing.postgres import OnPostgres
from runrack_postgres import (
    PostgresEventLogStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
    PostgresStorage,
)
from runrack_sql.schema import metadata

_ABILITIES = frozenset({Ability.SURVIVES_REOPEN, Ability.SHARES_BETWEEN_PROCESSES})
_TABLES = ", ".join(metadata.tables)
_EMPTY_ALL = f"TRUNCATE {_TABLES} RESTART IDENTITY; INSERT INTO event_ids VALUES (1, 0)"  # noqa: S608 - names from the schema


class _InDatabase(OnPostgres):
    """The tables of the storages, and how they are emptied."""

    @classmethod
    @override
    def make_tables(cls, url: str) -> None:
        storage = PostgresStorage(url)
        storage.run_storage.get_runs_count()
        storage.dispose()

    @classmethod
    @override
    def empty_tables(cls, url: str) -> None:
        with psycopg.connect(url) as conn:
            conn.execute(_EMPTY_ALL)


class TestPostgresStorage(_InDatabase, StorageConformance):
    """`PostgresStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> PostgresStorage:
        return PostgresStorage(self.url)

    @override
    def opener(self, storage: Any) -> Callable[[], PostgresStorage]:
        return partial(PostgresStorage, self.url)


class TestPostgresRunStorage(_InDatabase, RunStorageConformance):
    """`PostgresRunStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> PostgresRunStorage:
        return PostgresRunStorage(self.url)

    @override
    def opener(self, storage: Any) -> Callable[[], PostgresRunStorage]:
        return partial(PostgresRunStorage, self.url)


class TestPostgresEventLogStorage(_InDatabase, EventLogStorageConformance):
    """`PostgresEventLogStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> PostgresEventLogStorage:
        return PostgresEventLogStorage(self.url)

    @override
    def opener(self, storage: Any) -> Callable[[], PostgresEventLogStorage]:
        return partial(PostgresEventLogStorage, self.url)


class TestPostgresScheduleStorage(_InDatabase, ScheduleStorageConformance):
    """`PostgresScheduleStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> PostgresScheduleStorage:
        return PostgresScheduleStorage(self.url)

    @override
    def opener(self, storage: Any) -> Callable[[], PostgresScheduleStorage]:
        return partial(PostgresScheduleStorage, self.url)
