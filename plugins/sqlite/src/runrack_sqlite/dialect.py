"""SqliteDialect: SQLite's own statements, and what its errors mean."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from runrack.errors import (
    InvalidArgumentError,
    RunrackError,
    StorageCorruptError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)
from runrack_sql.on_conflict import OnConflictDialect

_LAST_ID = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
_FORGET_LAST_ID = text("DELETE FROM sqlite_sequence WHERE name = :name")
_NOTE_LAST_ID = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")

_PRIMARY_CODE = 0xFF
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "a program other than runrack keeps it locked: close that program, then try again",
    sqlite3.SQLITE_LOCKED: "a program other than runrack keeps it locked: close that program, then try again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: look at the permissions of the file and its folder",
    sqlite3.SQLITE_READONLY: "it cannot be written: look at the permissions of the file and its folder",
    sqlite3.SQLITE_PERM: "access is denied: look at the permissions of the file and its folder",
    sqlite3.SQLITE_IOERR: "the disk reports an error: look at the system's log, and at the state of the disk",
    sqlite3.SQLITE_NOMEM: "there is not enough memory",
}
"""What to say for an error after which the same call may succeed."""


class SqliteDialect(OnConflictDialect):
    """What is special about SQLite.

    Args:
        path: The file, for messages.
    """

    def __init__(self, path: Path) -> None:
        self.compiler = SQLiteDialect_pysqlite()
        self._path = path

    @override
    def insert(self, table: Table) -> sqlite.Insert:
        return sqlite.insert(table)

    @override
    def translate(self, error: Exception) -> RunrackError | None:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, UnicodeEncodeError):
            return InvalidArgumentError("a name is no valid Unicode: SQLite keeps no such names")
        if not isinstance(cause, sqlite3.Error):
            return None
        code = getattr(cause, "sqlite_errorcode", 0)
        primary = code & _PRIMARY_CODE
        if _FULL & {code, primary}:
            return StorageFullError(
                f"the disk below {self._path} is full; nothing was changed."
                " Free some space: writing resumes by itself"
            )
        if primary in _DAMAGED:
            return StorageCorruptError(
                f"{self._path} is damaged or no runrack database: move it away and restore a copy,"
                " or let runrack make a new one in its place"
            )
        if primary in _UNAVAILABLE:
            return StorageUnavailableError(f"{self._path} cannot be used just now: {_UNAVAILABLE[primary]}")
        name = getattr(cause, "sqlite_errorname", type(cause).__name__)
        return StorageError(f"{self._path}: SQLite refused the operation ({name}); nothing was changed")

    @override
    def get_last_id(self, conn: Connection, table: Table) -> int:
        return conn.execute(_LAST_ID, {"name": table.name}).scalar() or 0

    @override
    def set_last_id(self, conn: Connection, table: Table, last: int) -> None:
        conn.execute(_FORGET_LAST_ID, {"name": table.name})
        conn.execute(_NOTE_LAST_ID, {"name": table.name, "last": last})
