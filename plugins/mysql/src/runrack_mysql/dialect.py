"""MySQLDialect: the statements of MySQL and MariaDB, and what their errors mean."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pymysql
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Insert,
    Table,
    Update,
    bindparam,
    cast,
    func,
    literal_column,
    text,
    update,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from typing_extensions import override

from runrack.errors import (
    InvalidArgumentError,
    RunrackError,
    StorageCorruptError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)
from runrack_sql.dialect import Dialect, NewRow

_NEXT_ID = text(
    "SELECT auto_increment FROM information_schema.tables"
    " WHERE table_schema = database() AND table_name = :table"
)

UNDONE = frozenset({1020, 1205, 1213})
"""Errors of which the server says that the transaction, also one that was about to be committed, was undone."""

ENDED = frozenset({1053, 1152, 1158, 1159, 1160, 1161, 1927, 2006, 2013, 2014, 2055, 4031})
"""Errors after which the connection is of no use."""

_CONNECTION = "the connection failed"
_STOPPING = "the server is stopping, or ended the connection"
_BUSY = "the server has no connection left for this user"
_READ_ONLY = "it takes no changes: it is a replica, or is becoming one"
_CONFLICT = "changes made at the same time got into each other's way"

_PASSING = {
    **dict.fromkeys([1158, 1159, 1160, 1161, 2006, 2013, 2014, 2055], _CONNECTION),
    **dict.fromkeys([1047, 1053, 1152, 1317, 1927, 4031], _STOPPING),
    **dict.fromkeys([1040, 1203, 1226], _BUSY),
    **dict.fromkeys([1290, 1836], _READ_ONLY),
    **dict.fromkeys([*UNDONE, 1412], _CONFLICT),
    **dict.fromkeys([1969, 3024], "the server ended a statement that took too long"),
}
"""Error number to what to say: errors after which the same call may succeed. Nothing was changed."""

_UNFIT_VALUES = {
    1264: "a number is larger than MySQL keeps it: numbers have 64 bits",
    1300: "a name is no valid Unicode: MySQL keeps no such names",
    1366: "a name is no valid Unicode: MySQL keeps no such names",
    1406: "a name is longer than MySQL keeps it: ids, tags and keys have at most 255 characters",
}

_DENIED = {
    **dict.fromkeys(
        [1044, 1045, 1130, 1698], "the server does not let this user in: look at the user and the password"
    ),
    1049: "the database does not exist: create it",
    **dict.fromkeys(
        [1142, 1143, 1227, 1370], "the user may not do this: grant it all privileges on the database"
    ),
    **dict.fromkeys(
        [1071, 1709], "the keys of tables are too short: set innodb_default_row_format to DYNAMIC"
    ),
    1665: "it cannot copy what is changed here: set the server's binlog_format to ROW or MIXED",
}

_UNREACHABLE = frozenset({2002, 2003, 2005})
_DISK_FULL = frozenset({1021, 1114})
_DAMAGED = frozenset({1034, 1035, 1194, 1712, 1877})


class MySQLDialect(Dialect):
    """What is special about MySQL and MariaDB.

    Args:
        label: How messages call the database.
    """

    def __init__(self, label: str) -> None:
        self.compiler = MySQLDialect_pymysql()
        self._label = label

    @override
    def upsert(
        self,
        table: Table,
        keys: Sequence[str],
        assign: Callable[[NewRow], Mapping[str, ColumnElement[Any]]],
    ) -> Insert:
        statement = mysql.insert(table)
        return statement.on_duplicate_key_update(dict(assign(statement.inserted)))

    @override
    def insert_missing(self, table: Table, keys: Sequence[str]) -> Insert:
        # INSERT IGNORE would cut off texts that are too long, and hide other mistakes.
        return mysql.insert(table).on_duplicate_key_update({keys[0]: table.c[keys[0]]})

    @override
    def microseconds_now(self) -> ColumnElement[int]:
        # Not the time at which the statement began: it may have waited for a row since.
        return cast(func.unix_timestamp(literal_column("SYSDATE(6)")) * 1_000_000, BigInteger)

    @override
    def count_up(self, counter: Column[int]) -> Update:
        # The answer to the update holds what LAST_INSERT_ID was given.
        return update(counter.table).values({counter: func.last_insert_id(counter + bindparam("count"))})

    @override
    def counted(self, cursor: DBAPICursor) -> int:
        last: int = cursor.lastrowid
        return last

    @override
    def get_last_id(self, conn: Connection, table: Table) -> int:
        return int(conn.execute(_NEXT_ID, {"table": table.name}).scalar_one() or 1) - 1

    @override
    def set_last_id(self, conn: Connection, table: Table, last: int) -> None:
        conn.exec_driver_sql(f"ALTER TABLE {table.name} AUTO_INCREMENT = {last + 1:d}")

    @override
    def translate(self, error: Exception) -> RunrackError | None:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, PoolTimeoutError):
            return StorageUnavailableError(f"{self._label}: all connections of this process are busy")
        if isinstance(cause, UnicodeEncodeError):
            return InvalidArgumentError(_UNFIT_VALUES[1366])
        if not isinstance(cause, pymysql.Error):
            return None
        number = number_of(cause)
        return self._of_driver(cause) if number is None else self._of_number(number)

    def _of_driver(self, error: pymysql.Error) -> RunrackError:
        """Return the error for one that the driver met before it asked the server."""
        if isinstance(error, pymysql.InterfaceError):
            return StorageUnavailableError(f"{self._label} cannot be used just now: {_CONNECTION}")
        return InvalidArgumentError(f"{self._label} cannot keep a number that is infinite or none")

    def _of_number(self, number: int) -> RunrackError:
        """Return the error for what the server answered, or for how it failed to."""
        if number in _UNREACHABLE:
            return StorageUnavailableError(
                f"{self._label} cannot be reached just now: look whether the server runs,"
                " whether its address, the name of the database and the user are right"
            )
        if number in _DISK_FULL:
            return StorageFullError(
                f"the disk below {self._label} is full; nothing was changed."
                " Free some space: writing resumes by itself"
            )
        if number in _DAMAGED:
            return StorageCorruptError(f"{self._label} is damaged: restore a copy")
        if reason := _UNFIT_VALUES.get(number):
            return InvalidArgumentError(reason)
        if reason := _PASSING.get(number):
            return StorageUnavailableError(f"{self._label} cannot be used just now: {reason}")
        reason = _DENIED.get(number) or f"MySQL refused the operation (error {number})"
        return StorageError(f"{self._label}: {reason}; nothing was changed")


def number_of(error: BaseException) -> int | None:
    """Return the number of an error of the server or of the connection to it; None for any other."""
    number = error.args[0] if isinstance(error, pymysql.Error) and error.args else None
    return number or None if isinstance(number, int) else None
