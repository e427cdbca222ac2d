"""DuckdbDialect: the database's own statements, and what its errors mean."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from runrack.errors import StorageCorruptError, StorageError, StorageFullError, StorageUnavailableError
from runrack_sql import OnConflictDialect
from sqlalchemy import ColumnElement, Connection, Insert, Table, literal_column, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from runrack_duckdb.sqlalchemy_dialect import DuckdbSqlalchemyDialect, sequence_of

_LAST_ID = text("SELECT last_value FROM duckdb_sequences() WHERE sequence_name = :sequence")
_COUNT_UP = text("SELECT count(nextval(:sequence)) FROM range(:missing)")

_DAMAGED = ("Corrupt database file", "not a valid DuckDB database file")
_FULL = ("No space left on device", "Disk quota exceeded")
_LOCKED = "Could not set lock on file"
_HOLDER = re.compile(r"PID \d+")
"""What DuckDB's messages say: its errors have no codes."""


class DuckdbDialect(OnConflictDialect):
    """What is special about DuckDB.

    Args:
        path: The file, for messages.
    """

    def __init__(self, path: Path) -> None:
        self.compiler = DuckdbSqlalchemyDialect()
        self._path = path

    @override
    def insert(self, table: Table) -> postgresql.Insert:
        return postgresql.insert(table)

    @override
    def ordered(self, column: ColumnElement[Any], *, ascending: bool) -> ColumnElement[Any]:
        return column.asc().nulls_first() if ascending else column.desc().nulls_last()

    @override
    def insert_rows(self, statement: Insert, columns: Sequence[str]) -> Insert:
        types = {name: statement.table.columns[name].type.compile(self.compiler) for name in columns}
        rows = text(f"(SELECT unnest(from_json(:rows, '{json.dumps([types])}'), recursive := TRUE))")
        return statement.from_select(columns, select(*map(literal_column, types)).select_from(rows))

    @override
    def translate(self, error: Exception) -> StorageError | None:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, duckdb.Error):
            return None
        message = str(cause)
        if any(words in message for words in _DAMAGED):
            return StorageCorruptError(f"{self._path} is damaged or no runrack database: restore a copy")
        if any(words in message for words in _FULL):
            return StorageFullError(
                f"the disk below {self._path} is full; nothing was changed: free some space"
            )
        if _LOCKED in message:
            holder = _HOLDER.search(message)
            return StorageUnavailableError(
                f"another process has {self._path} open{f' ({holder[0]})' if holder else ''},"
                " and DuckDB lets one at a time: end it, or wait for it"
            )
        if isinstance(cause, duckdb.OperationalError):
            return StorageUnavailableError(
                f"{self._path} cannot be used just now ({type(cause).__name__}); nothing was changed:"
                " look at its folder and disk"
            )
        return StorageError(
            f"{self._path}: DuckDB refused the operation ({type(cause).__name__}); nothing was changed"
        )

    @override
    def get_last_id(self, conn: Connection, table: Table) -> int:
        return conn.scalar(_LAST_ID, {"sequence": sequence_of(table.name)}) or 0

    @override
    def set_last_id(self, conn: Connection, table: Table, last: int) -> None:
        missing = last - self.get_last_id(conn, table)
        conn.execute(_COUNT_UP, {"sequence": sequence_of(table.name), "missing": missing})
