"""How the suites of `runrack.testing` make the storages of this package; `runrack plugins verify mysql` runs them.

They start a MariaDB server of their own, or use the one that `RUNRACK_TEST_MARIADB_URL` names.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pymysql
from sqlalchemy import make_url
from typing_extensions import override

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import Ability
from runrack.testing.mariadb import OnMariaDB
from runrack_mysql import (
    MySQLEventLogStorage,
    MySQLRunStorage,
    MySQLScheduleStorage,
    MySQLStorage,
)
from runrack_sql.schema import metadata

_ABILITIES = frozenset(
    {Ability.SURVIVES_REOPEN, Ability.SHARES_BETWEEN_PROCESSES, Ability.KEEPS_NUL_IN_NAMES}
)


class _InDatabase(OnMariaDB):
    """The tables of the storages, and how they are emptied."""

    @classmethod
    @override
    def make_tables(cls, url: str) -> None:
        storage = MySQLStorage(url)
        storage.run_storage.get_runs_count()
        storage.dispose()

    @classmethod
    @override
    def empty_tables(cls, url: str) -> None:
        parts = make_url(url)
        with (
            pymysql.connect(
                host=parts.host,
                port=parts.port or 0,
                user=parts.username,
                password=parts.password or "",
                database=parts.database,
                autocommit=True,
            ) as conn,
            conn.cursor() as cursor,
        ):
            for table in metadata.tables:
                cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")  # noqa: S608 - a name from the schema
                if cursor.fetchone() == (1,):
                    cursor.execute(f"TRUNCATE {table}")
            cursor.execute("INSERT INTO event_ids VALUES (1, 0)")


class TestMySQLStorage(_InDatabase, StorageConformance):
    """`MySQLStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> MySQLStorage:
        return MySQLStorage(self.url)

    @override
    def opener(self, storage: Any) -> Callable[[], MySQLStorage]:
        return partial(MySQLStorage, self.url)


class TestMySQLRunStorage(_InDatabase, RunStorageConformance):
    """`MySQLRunStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> MySQLRunStorage:
        return MySQLRunStorage(self.url)

    @override
    def opener(self, storage: Any) -> Callable[[], MySQLRunStorage]:
        return partial(MySQLRunStorage, self.url)


class TestMySQLEventLogStorage(_InDatabase, EventLogStorageConformance):
    """`MySQLEventLogStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> MySQLEventLogStorage:
        return MySQLEventLogStorage(self.url)

    @override
    def opener(self, storage: Any) -> Callable[[], MySQLEventLogStorage]:
        return partial(MySQLEventLogStorage, self.url)


class TestMySQLScheduleStorage(_InDatabase, ScheduleStorageConformance):
    """`MySQLScheduleStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> MySQLScheduleStorage:
        return MySQLScheduleStorage(self.url)

    @override
    def opener(self, storage: Any) -> Callable[[], MySQLScheduleStorage]:
        return partial(MySQLScheduleStorage, self.url)
