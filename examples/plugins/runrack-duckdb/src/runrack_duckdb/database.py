"""DuckdbDatabase: how a transaction begins and ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

import duckdb
from runrack.errors import StorageUnavailableError
from runrack_sql import Database
from runrack_sql.fork import watch_forks
from sqlalchemy import Connection, NullPool, create_engine
from typing_extensions import override

from runrack_duckdb import sqlalchemy_dialect
from runrack_duckdb.connection import DuckdbConnection
from runrack_duckdb.dialect import DuckdbDialect

_turns: dict[Path, RLock] = {}
"""Whose turn it is to use a file: also that of several storages, when this process has opened it more than once."""


class DuckdbDatabase(Database):
    """One DuckDB file, which one process at a time has open. Its threads use one connection in turn.

    A commit that has returned is on the disk.

    Args:
        path: The file; made with its folder when it is missing.
    """

    def __init__(self, path: Path) -> None:
        engine = create_engine(
            f"{sqlalchemy_dialect.NAME}://", creator=self._connect, poolclass=NullPool, hide_parameters=True
        )
        super().__init__(str(path), DuckdbDialect(path), engine)
        self.path = path
        self._turn = _turns.setdefault(path.resolve(), RLock())
        self._connection: Connection | None = None
        watch_forks(self)

    @property
    @override
    def patience_seconds(self) -> float:
        """As `Database.patience_seconds`: another command may have the file open for a moment."""
        return 5.0

    @override
    def dispose(self) -> None:
        with self._turn:
            self._close()

    def before_fork(self) -> None:
        """As `Forkable.before_fork`: the threads that DuckDB has of its own do not survive a fork."""
        self._turn.acquire()
        self._close()

    def after_fork_in_parent(self) -> None:
        """As `Forkable.after_fork_in_parent`."""
        self._turn.release()

    def after_fork_in_child(self) -> None:
        """As `Forkable.after_fork_in_child`: the thread that forked is the one that lives on, and it has the lock."""
        self._turn.release()

    @override
    @contextmanager
    def _read_transaction(self) -> Iterator[Connection]:
        with self._turn:
            conn = self._connection = self._connection or self._open_file()
            with conn.begin():
                yield conn

    @override
    @contextmanager
    def _write_transaction(self) -> Iterator[Connection]:
        with self._read_transaction() as conn:
            yield conn

    def _open_file(self) -> Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageUnavailableError(
                f"the folder {self.path.parent} cannot be made ({error.strerror}): name another, or give this user the permission"
            ) from error
        return self._engine.connect()

    def _connect(self) -> DuckdbConnection:
        return DuckdbConnection(
            duckdb.connect(self.path, config={"threads": 1})
        )  # rows are few, and start-up counts

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
