"""PostgresDialect: PostgreSQL's own statements, and what its errors mean."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from sqlalchemy import BigInteger, Column, ColumnElement, Connection, Insert, Table, cast, extract, func, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
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
from runrack_postgres.json_insert import append_at_once, insert_rows
from runrack_postgres.watch_signal import CHANNEL
from runrack_sql.on_conflict import OnConflictDialect
from runrack_sql.statement import Query

_SEQUENCE = text("SELECT pg_get_serial_sequence(:table, 'id')")
_SET_SEQUENCE = text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)")

_PASSING = {
    "08": "the connection failed",
    "57": "the server is stopping, starting, or ended the connection",
    "53": "the server is short of connections or memory",
    "40": "changes made at the same time got into each other's way",
    "25006": "it takes no changes: it is a standby, or is becoming one",
    "55P03": "something else keeps a table locked",
}
"""SQLSTATE, or its class, to what to say: errors after which the same call may succeed. Nothing was changed."""

_UNFIT_TEXT = "a name holds the character NUL, or is no valid Unicode: PostgreSQL keeps no such names"

_UNFIT_VALUES = {
    "22P05": _UNFIT_TEXT,
    "22001": "a name is longer than PostgreSQL keeps it: ids, tags and keys have at most 255 characters",
    "22003": "a number is larger than PostgreSQL keeps it: numbers have 64 bits",
}

_DENIED = {
    "3D": "the database does not exist: create it, with ENCODING 'UTF8'",
    "3F": "the schema that tables are created in does not exist: look at the user's search_path",
    "28": "the server does not let this user in: look at the user name, the password and the server's pg_hba.conf",
    "42501": "the user may not do this: let it own the database, or grant it all rights on its tables",
}

_DISK_FULL = "53100"
_DAMAGED = {"XX001", "XX002"}


class PostgresDialect(OnConflictDialect):
    """What is special about PostgreSQL.

    Args:
        label: How messages call the database.
    """

    def __init__(self, label: str) -> None:
        self.compiler = PGDialect_psycopg()  # type: ignore[no-untyped-call]
        self._label = label

    @override
    def insert(self, table: Table) -> postgresql.Insert:
        return postgresql.insert(table)

    @override
    def microseconds_now(self) -> ColumnElement[int]:
        # Not the time at which the transaction or the statement began: it may have waited for a row since.
        return cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)

    @override
    def announce(self, query: Query) -> Query:
        # It rides on a query that is made in any case. The server sends it after the commit, and only to who listens.
        return query.add_columns(func.pg_notify(CHANNEL, ""))

    @override
    def append_at_once(self) -> Query:
        return append_at_once()

    @override
    def insert_rows(self, statement: Insert, columns: Sequence[str]) -> Insert:
        return insert_rows(statement, columns)

    @override
    def ordered(self, column: ColumnElement[Any], *, ascending: bool) -> ColumnElement[Any]:
        order = super().ordered(column, ascending=ascending)
        if not (isinstance(column, Column) and column.nullable):
            return order
        return order.nulls_first() if ascending else order.nulls_last()

    @override
    def translate(self, error: Exception) -> RunrackError | None:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, PoolTimeoutError):
            return StorageUnavailableError(f"{self._label}: all connections of this process are busy")
        if isinstance(cause, UnicodeEncodeError):
            return InvalidArgumentError(_UNFIT_TEXT)
        if not isinstance(cause, psycopg.Error):
            return None
        return self._of_state(cause.sqlstate) if cause.sqlstate else self._of_driver(cause)

    @override
    def get_last_id(self, conn: Connection, table: Table) -> int:
        sequence = conn.execute(_SEQUENCE, {"table": table.name}).scalar_one()
        last: int = conn.exec_driver_sql(
            f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"  # noqa: S608 - quoted by the server
        ).scalar_one()
        return last

    @override
    def set_last_id(self, conn: Connection, table: Table, last: int) -> None:
        if last:
            conn.execute(_SET_SEQUENCE, {"table": table.name, "last": last})

    def _of_driver(self, error: psycopg.Error) -> RunrackError:
        """Return the error for one that the driver met before it got an answer."""
        if isinstance(error, psycopg.DataError):
            return InvalidArgumentError(_UNFIT_TEXT)
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return StorageUnavailableError(
                f"{self._label} cannot be reached just now: look whether the server runs,"
                " whether its address, the name of the database and the user are right"
            )
        return StorageError(f"{self._label}: the driver refused the operation ({type(error).__name__})")

    def _of_state(self, state: str) -> RunrackError:
        """Return the error for what the server answered."""
        if state == _DISK_FULL:
            return StorageFullError(
                f"the disk below {self._label} is full; nothing was changed."
                " Free some space: writing resumes by itself"
            )
        if state in _DAMAGED:
            return StorageCorruptError(f"{self._label} is damaged: restore a copy")
        if reason := _reason(_UNFIT_VALUES, state):
            return InvalidArgumentError(reason)
        if reason := _reason(_PASSING, state):
            return StorageUnavailableError(f"{self._label} cannot be used just now: {reason}")
        reason = _reason(_DENIED, state) or f"PostgreSQL refused the operation (SQLSTATE {state})"
        return StorageError(f"{self._label}: {reason}; nothing was changed")


def _reason(reasons: Mapping[str, str], state: str) -> str | None:
    return reasons.get(state) or reasons.get(state[:2])
