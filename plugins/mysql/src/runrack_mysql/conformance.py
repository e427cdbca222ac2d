"""How the suites of `runrack.testing` make the storages of this package; `runrack plugins verify mysql` runs them.

They start a MariaDB server of their own, or use the one that `RUNRACK_TEST_MARIADB_URL` names.
"""

from contextlib import AbstractContextManager
from typing import Any

import pymysql
from sqlalchemy import make_url
from typing_extensions import override

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import Ability
from runrack.testing.database_server import OwnDatabaseServer
from runrack.testing.mariadb import own_mariadb_server
from runrack_mysql import (
    MySQLEventLogStorage,
    MySQLRunStorage,
    MySQLScheduleStorage,
    MySQLStorage,
)
from runrack_sql.schema import metadata
from runrack_sql.testing.on_server import OnServer


class OnMariaDB(OnServer):
    """What the suites have to know about MySQL and MariaDB."""

    abilities = frozenset(
        {Ability.SURVIVES_REOPEN, Ability.SHARES_BETWEEN_PROCESSES, Ability.KEEPS_NUL_IN_NAMES}
    )
    storage_class: Any = MySQLStorage
    server_fixture = "mariadb_server"
    own_connection = "SELECT connection_id()"
    other_connections = (
        "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
    )
    end_connection = "KILL {}"
    count_waiting = "SHOW STATUS LIKE 'Innodb_row_lock_current_waits'"
    list_tables = "SHOW TABLES"
    tell_time = "SELECT utc_timestamp(6)"

    @override
    def connect(self, place: str) -> Any:
        parts = make_url(place)
        return pymysql.connect(
            host=parts.host,
            port=parts.port or 0,
            user=parts.username,
            password=parts.password or "",
            database=parts.database,
        )

    @override
    def empty_tables(self, place: str) -> None:
        with self.transaction(place) as cursor:
            for table in metadata.tables:
                cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")  # noqa: S608 - a name from the schema
                if cursor.fetchone() == (1,):
                    cursor.execute(f"TRUNCATE {table}")
            cursor.execute("INSERT INTO event_ids VALUES (1, 0)")
            cursor.execute("COMMIT")

    @override
    def own_server(self) -> AbstractContextManager[OwnDatabaseServer]:
        return own_mariadb_server()


class TestMySQLStorage(OnMariaDB, StorageConformance):
    """`MySQLStorage`."""

    storage_class = MySQLStorage


class TestMySQLRunStorage(OnMariaDB, RunStorageConformance):
    """`MySQLRunStorage`."""

    storage_class = MySQLRunStorage


class TestMySQLEventLogStorage(OnMariaDB, EventLogStorageConformance):
    """`MySQLEventLogStorage`."""

    storage_class = MySQLEventLogStorage


class TestMySQLScheduleStorage(OnMariaDB, ScheduleStorageConformance):
    """`MySQLScheduleStorage`."""

    storage_class = MySQLScheduleStorage
