"""SqliteDatabase: transactions over one SQLite file that never meet "database is locked"."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, NullPool, create_engine
from typing_extensions import override

from runrack.interfaces.storage_check import Finding, Severity
from runrack_sql.database import Database
from runrack_sql.fork import watch_forks
from runrack_sqlite.connections import Connections
from runrack_sqlite.dialect import SqliteDialect
from runrack_sqlite.file_lock import FileLock
from runrack_sqlite.filesystem import (
    MOUNTS,
    make_private_file,
    make_private_folder,
    require_local_filesystem,
)

_BUSY_TIMEOUT_SECONDS = 30.0
"""How long to wait for programs that do not take the lock of the writers, such as SQLite's own shell."""

_STATEMENTS_KEPT = 256
_PROBLEMS_SHOWN = 10

_SAFE_LIBRARY = (3, 51, 3)
"""The first SQLite that closes a write-ahead log safely beside a commit; before it, the lock of the writers sees to that."""

_LOG_PAGES = 4000
"""How far the write-ahead log grows before it is moved into the database, which waits for the disk: 16 MB.

Four times SQLite's default: the pages that every event changes are then written to the database a quarter as often.
"""

_LOG_BYTES_KEPT = 64 * 2**20
"""To what a log that grew beyond that, below a reader that took its time, is cut back."""


class Synchronous(StrEnum):
    """When a commit returns. After `kill -9` of the process nothing is lost in either case."""

    NORMAL = "normal"
    """When the operating system has it: a power failure may take the last commits, never more, and damages nothing."""

    FULL = "full"
    """When the disk has it: a power failure takes nothing. Each commit waits for the disk."""


class SqliteDatabase(Database):
    """One SQLite file in WAL mode, written by one transaction of the whole machine at a time.

    A transaction that writes says so at its beginning (`BEGIN IMMEDIATE`), after it has waited for a file lock that is
    given out in turn: a deferred one would fail at once when another writer was faster, whatever the timeout.

    Args:
        path: The file; made with its folders when it is missing, for its owner only.
        synchronous: When a commit returns.
        mounts: Where to look up on which file system the file lies.
    """

    def __init__(
        self, path: Path, synchronous: Synchronous = Synchronous.NORMAL, mounts: Path = MOUNTS
    ) -> None:
        engine = create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
        )
        super().__init__(str(path), SqliteDialect(path), engine)
        self.path = path
        self._synchronous = synchronous
        self._mounts = mounts
        lock = FileLock(path.with_name(f"{path.name}.lock"))
        self._connections = Connections(lock, self._open_writer, self._open_reader)
        watch_forks(self._connections)

    @override
    def dispose(self) -> None:
        self._connections.close()

    @override
    @contextmanager
    def _read_transaction(self) -> Iterator[Connection]:
        with self._connections.reader() as conn:
            try:
                _driver(conn).execute("BEGIN")
                yield conn
            finally:
                _roll_back(conn)

    @override
    @contextmanager
    def _write_transaction(self) -> Iterator[Connection]:
        with self._connections.writer() as conn:
            try:
                _driver(conn).execute("BEGIN IMMEDIATE")
                yield conn
                _commit(conn)
            except BaseException:
                _roll_back(conn)
                raise

    @override
    def _check_files(self, conn: Connection) -> Sequence[Finding]:
        problems = [row[0] for row in _driver(conn).execute(f"PRAGMA integrity_check({_PROBLEMS_SHOWN})")]
        is_whole = problems == ["ok"]
        file = Finding(
            "file",
            Severity.OK if is_whole else Severity.PROBLEM,
            "whole" if is_whole else f"damaged, restore a copy: {'; '.join(problems)}",
        )
        return [file, _check_library(sqlite3.sqlite_version_info)]

    def _open_writer(self) -> Connection:
        conn = self._engine.connect()
        for pragma in (
            "journal_mode=WAL",
            f"wal_autocheckpoint={_LOG_PAGES}",
            f"journal_size_limit={_LOG_BYTES_KEPT}",
            f"synchronous={self._synchronous.value}",
        ):
            _driver(conn).execute(f"PRAGMA {pragma}").fetchall()
        return conn

    def _open_reader(self) -> Connection:
        conn = self._engine.connect()
        _driver(conn).execute("PRAGMA query_only=1")
        return conn

    def _connect(self) -> sqlite3.Connection:
        require_local_filesystem(self.path, self._mounts)
        self._make_file()
        return sqlite3.connect(
            f"file:{quote(os.fsencode(self.path))}?mode=rw",
            uri=True,
            timeout=_BUSY_TIMEOUT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_KEPT,
        )

    def _make_file(self) -> None:
        """Make the file when it is missing; SQLite itself makes none."""
        make_private_folder(self.path.parent)
        make_private_file(self.path)


def _driver(conn: Connection) -> sqlite3.Connection:
    driver: sqlite3.Connection = conn.connection.driver_connection  # type: ignore[assignment]
    return driver


def _commit(conn: Connection) -> None:
    # SQLAlchemy knows of a transaction only when a statement has passed through it.
    if conn.in_transaction():
        conn.commit()
    _driver(conn).commit()


def _roll_back(conn: Connection) -> None:
    if conn.in_transaction():
        conn.rollback()
    _driver(conn).rollback()


def _check_library(version: tuple[int, ...]) -> Finding:
    name = f"SQLite {'.'.join(map(str, version))}"
    if version < _SAFE_LIBRARY:
        return Finding(
            "library",
            Severity.NOTE,
            f"{name} can damage a file when a program that is not runrack writes it, too: newer ones do not",
        )
    return Finding("library", Severity.OK, name)
