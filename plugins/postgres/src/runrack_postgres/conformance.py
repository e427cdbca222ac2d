"""How the suites of `runrack.testing` make the storages of this package; `runrack plugins verify postgres` runs them.

They start a PostgreSQL server of their own, or use the one that `RUNRACK_TEST_POSTGRES_URL` names.
"""

from contextlib import AbstractContextManager
from typing import Any

import psycopg
from typing_extensions import override

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import Ability
from runrack.testing.database_server import OwnDatabaseServer
from runrack.testing.postgres import own_postgres_server
from runrack_postgres import (
    PostgresEventLogStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
    PostgresStorage,
)
from runrack_sql.schema import metadata
from runrack_sql.testing.on_server import OnServer

_TABLES = ", ".join(metadata.tables)
_EMPTY_ALL = f"TRUNCATE {_TABLES} RESTART IDENTITY; INSERT INTO event_ids VALUES (1, 0)"  # noqa: S608 - names from the schema


class OnPostgres(OnServer):
    """What the suites have to know about PostgreSQL."""

    abilities = frozenset({Ability.SURVIVES_REOPEN, Ability.SHARES_BETWEEN_PROCESSES})
    storage_class: Any = PostgresStorage
    server_fixture = "postgres_server"
    own_connection = "SELECT pg_backend_pid()"
    other_connections = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    end_connection = "SELECT pg_terminate_backend({})"
    count_waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    list_tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    tell_time = "SELECT clock_timestamp() AT TIME ZONE 'UTC'"

    @override
    def connect(self, place: str) -> Any:
        return psycopg.connect(place)

    @override
    def empty_tables(self, place: str) -> None:
        self.ask(place, _EMPTY_ALL)

    @override
    def own_server(self) -> AbstractContextManager[OwnDatabaseServer]:
        return own_postgres_server()


class TestPostgresStorage(OnPostgres, StorageConformance):
    """`PostgresStorage`."""

    storage_class = PostgresStorage


class TestPostgresRunStorage(OnPostgres, RunStorageConformance):
    """`PostgresRunStorage`."""

    storage_class = PostgresRunStorage


class TestPostgresEventLogStorage(OnPostgres, EventLogStorageConformance):
    """`PostgresEventLogStorage`."""

    storage_class = PostgresEventLogStorage


class TestPostgresScheduleStorage(OnPostgres, ScheduleStorageConformance):
    """`PostgresScheduleStorage`."""

    storage_class = PostgresScheduleStorage
