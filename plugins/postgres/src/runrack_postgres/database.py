"""PostgresDatabase: transactions over a PostgreSQL database that may go away and come back."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from runrack.errors import StorageError
from runrack.interfaces.event_watch import WatchSignal
from runrack.interfaces.progress_report import Report
from runrack_postgres.dialect import PostgresDialect
from runrack_postgres.watch_signal import PostgresWatchSignal
from runrack_sql.server_database import MAX_CONNECTIONS, PATIENCE_SECONDS, ServerDatabase
from runrack_sql.url import label_of

if TYPE_CHECKING:
    from runrack_sql.schema_changes import SchemaChanges

_DRIVER_OPTIONS: dict[str, Any] = {
    "application_name": "runrack",
    "connect_timeout": 10,
    # A connection whose other end is gone without a word is noticed within a minute instead of two hours.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    # A pooler in transaction mode sends each transaction to another connection, which knows no prepared statement.
    "prepare_threshold": None,
    "client_encoding": "utf8",
}

_MIGRATION_LOCK = 0x72756E7261636B
"""The advisory lock of migrations, held by a transaction that does nothing else: "runrack" in ASCII."""

_TURN_PAUSE_SECONDS = 0.1

_LOCK_TIMEOUT = "1s"
"""How long a migration waits for a table: all others who want the table wait behind it."""


class PostgresDatabase(ServerDatabase):
    """A PostgreSQL database, written by any number of processes of any number of machines.

    Nothing is kept in a session between two transactions, so a pooler in transaction mode may stand before the server.

    Args:
        url: Where, with `postgresql+psycopg` as its driver; its options go to the driver.
        creates_tables: As for `Database`.
        patience_seconds: How long a call that failed is made again.
    """

    def __init__(
        self, url: URL, *, creates_tables: bool = True, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        label = label_of(url)
        options = {name: value for name, value in _DRIVER_OPTIONS.items() if name not in url.query}
        engine = create_engine(
            url,
            connect_args=options,
            pool_size=MAX_CONNECTIONS,
            max_overflow=0,
            pool_timeout=PATIENCE_SECONDS,
            pool_use_lifo=True,  # a process with one thread keeps to one connection
            hide_parameters=True,
        )
        self._options = options
        super().__init__(
            label,
            PostgresDialect(label),
            engine,
            creates_tables=creates_tables,
            patience_seconds=patience_seconds,
        )
        self._at_once = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._readers = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @override
    def make_watch_signal(self) -> WatchSignal:
        return PostgresWatchSignal(self._connect_to_listen)

    def _connect_to_listen(self) -> "psycopg.Connection[Any]":
        _, parameters = self._engine.dialect.create_connect_args(self._engine.url)
        return psycopg.connect(**{**self._options, **parameters}, autocommit=True)

    @override
    @contextmanager
    def _read_transaction(self) -> Iterator[Connection]:
        with self._connection(self._readers) as conn:
            yield conn

    @override
    @contextmanager
    def _single_statement(self) -> Iterator[Connection]:
        with self._turn, self._connection(self._at_once) as conn:
            try:
                yield conn
            except Exception as error:
                if self._is_lost(error, conn):
                    raise self._outcome_unknown() from error
                raise

    @override
    def _is_lost(self, error: BaseException, conn: Connection) -> bool:
        driver = conn.connection.driver_connection
        if not isinstance(driver, psycopg.Connection):
            return False
        # One that waits for the rest of an answer can do nothing else, not even undo its transaction.
        return driver.closed or driver.info.transaction_status is TransactionStatus.ACTIVE

    @override
    def _is_undone(self, error: DBAPIError) -> bool:
        # Only what the server says counts. The driver may be told by the system that the socket is gone before it has read
        # the answer that is there; the connection does not look closed then.
        is_of_server = isinstance(error.orig, psycopg.Error) and error.orig.sqlstate is not None
        return is_of_server and not error.connection_invalidated

    @override
    def _read_version(self, conn: Connection) -> str | None:
        encoding = conn.exec_driver_sql("SELECT current_setting('server_encoding')").scalar()
        if encoding != "UTF8":
            raise StorageError(
                f"{self.label} keeps text as {encoding}, which cannot hold every name:"
                " create a database with ENCODING 'UTF8' TEMPLATE template0"
            )
        return super()._read_version(conn)

    @override
    @contextmanager
    def _change_transaction(self) -> Iterator[Connection]:
        with self._write_transaction() as conn:
            conn.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
            yield conn

    @override
    @contextmanager
    def _migration_turn(self) -> Iterator[None]:
        with self._connection(self._engine) as conn:
            # Asked again and again: a query that waits keeps CREATE INDEX CONCURRENTLY waiting, too.
            while not conn.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({_MIGRATION_LOCK})").scalar():
                time.sleep(_TURN_PAUSE_SECONDS)
            conn.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield

    @override
    def _schema_changes(self, report: Report) -> "SchemaChanges":
        from runrack_postgres.schema_changes import PostgresSchemaChanges

        return PostgresSchemaChanges(self.change_tables, self.without_transaction, report)

    @contextmanager
    def without_transaction(self) -> Iterator[Connection]:
        """Give a connection on which each statement is committed by itself."""
        with self._translated(), self._turn, self._connection(self._engine) as conn:
            yield conn.execution_options(isolation_level="AUTOCOMMIT")
