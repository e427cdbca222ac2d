"""ServerDatabase: transactions over a database on a server that may go away and come back."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, RLock

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from runrack.errors import StorageOutcomeUnknownError
from runrack_sql.database import Database
from runrack_sql.dialect import Dialect
from runrack_sql.fork import watch_forks

PATIENCE_SECONDS = 30.0
"""How long a call that failed is made again: a server restarts, or fails over, in less."""

FIRST_CONTACT_SECONDS = 3.0
"""The same for a database that this process has never reached: its address may just be wrong."""

MAX_CONNECTIONS = 2
"""How many connections a process opens: one that writes, and one that reads meanwhile. Other threads wait their turn."""


class ServerDatabase(Database):
    """A database that any number of processes of any number of machines write.

    Args:
        label, dialect, engine, creates_tables: As for `Database`.
        patience_seconds: How long a call that failed is made again.
    """

    def __init__(
        self,
        label: str,
        dialect: Dialect,
        engine: Engine,
        *,
        creates_tables: bool = True,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        super().__init__(label, dialect, engine, creates_tables=creates_tables)
        self._patience_seconds = patience_seconds
        self._was_reached = False
        self._turn = Lock()
        watch_forks(self)

    @property
    @override
    def patience_seconds(self) -> float:
        return (
            self._patience_seconds
            if self._was_reached
            else min(FIRST_CONTACT_SECONDS, self._patience_seconds)
        )

    def before_fork(self) -> None:
        """As `Forkable.before_fork`: the child leaves the connections of its parent alone, so they can stay in use."""

    def after_fork_in_parent(self) -> None:
        """As `Forkable.after_fork_in_parent`."""

    def after_fork_in_child(self) -> None:
        """As `Forkable.after_fork_in_child`."""
        self._engine.dispose(close=False)
        self._opening = RLock()
        self._turn = Lock()

    @abstractmethod
    def _is_lost(self, error: BaseException, conn: Connection) -> bool:
        """Tell whether a connection is of no use after an error, which SQLAlchemy need not have heard of."""

    @abstractmethod
    def _is_undone(self, error: DBAPIError) -> bool:
        """Tell whether a commit that failed with `error` has certainly changed nothing."""

    @override
    @contextmanager
    def _write_transaction(self) -> Iterator[Connection]:
        # Writers wait for each other in any case, at the latest in the log. Here they leave a connection to readers.
        with self._turn, self._connection(self._engine) as conn:
            conn.begin()
            yield conn
            self._commit(conn)

    @contextmanager
    def _connection(self, engine: Engine) -> Iterator[Connection]:
        """Give a connection; what was not committed on it is undone at the end."""
        with engine.connect() as conn:
            self._was_reached = True
            try:
                yield conn
            except BaseException as error:
                if not conn.invalidated and self._is_lost(error, conn):
                    conn.invalidate()
                raise

    def _commit(self, conn: Connection) -> None:
        try:
            conn.commit()
        except DBAPIError as error:
            if self._is_undone(error):
                raise
            raise self._outcome_unknown() from error

    def _outcome_unknown(self) -> StorageOutcomeUnknownError:
        return StorageOutcomeUnknownError(
            f"{self.label} went away during a commit, which it may have carried out or not:"
            " look before you repeat the call"
        )
