"""MySQLDatabase: transactions over a MySQL or MariaDB database that may go away and come back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from runrack.errors import StorageError, StorageUnavailableError
from runrack_mysql.connection import BoundedCursor, MySQLConnection, check_options
from runrack_mysql.dialect import ENDED, UNDONE, MySQLDialect, number_of
from runrack_sql.server_database import MAX_CONNECTIONS, PATIENCE_SECONDS, ServerDatabase
from runrack_sql.url import label_of

_SESSION = {
    "time_zone": "'+00:00'",
    "default_storage_engine": "InnoDB",
    "sql_mode": "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",  # nothing is cut off to make it fit
    "innodb_lock_wait_timeout": "10",
    "lock_wait_timeout": "10",
    # Long texts are ordered by their leading bytes; these hold the longest asset keys that anybody has.
    "max_sort_length": "65536",
}
"""Variable to value: what a session needs, whatever the server is set to. Times are in seconds."""

_DRIVER_OPTIONS: dict[str, Any] = {
    "charset": "utf8mb4",
    "cursorclass": BoundedCursor,
    "init_command": "SET SESSION " + ", ".join(f"{name} = {value}" for name, value in _SESSION.items()),
}

_DEFAULT_OPTIONS: dict[str, Any] = {"connect_timeout": 10, "program_name": "runrack"}

_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
"""What comes before a transaction that reads: all its queries see the state at the first of them."""

_OLDEST_MARIADB = (10, 6)
_OLDEST_MYSQL = (8, 0, 17)
"""Both know SKIP LOCKED, and a collation that compares by code point and does not ignore blanks at the end."""

_TABLE_SECONDS = 1
"""How long a migration waits for a table: all others who want the table wait behind it."""

_TURN_SECONDS = 86_400
"""How long a migration waits for another one, and its connection may be idle."""


class MySQLDatabase(ServerDatabase):
    """A MySQL or MariaDB database, written by any number of processes of any number of machines.

    Args:
        url: Where, with `mysql+pymysql` as its driver; its options go to the driver.
        creates_tables: As for `Database`.
        patience_seconds: How long a call that failed is made again.

    Raises:
        ConfigError: The URL has an option that the driver does not know.
    """

    def __init__(
        self, url: URL, *, creates_tables: bool = True, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        label = label_of(url)
        options = {name: value for name, value in _DEFAULT_OPTIONS.items() if name not in url.query}
        engine = create_engine(
            url,
            connect_args=options | _DRIVER_OPTIONS,
            isolation_level="READ COMMITTED",
            pool_size=MAX_CONNECTIONS,
            max_overflow=0,
            pool_timeout=PATIENCE_SECONDS,
            pool_use_lifo=True,  # a process with one thread keeps to one connection
            pool_reset_on_return=None,  # every transaction ends before its connection is given back
            hide_parameters=True,
        )
        check_options(engine.dialect.create_connect_args(url)[1])
        event.listen(engine, "do_connect", _connect)
        super().__init__(
            label,
            MySQLDialect(label),
            engine,
            creates_tables=creates_tables,
            patience_seconds=patience_seconds,
        )

    @override
    @contextmanager
    def _read_transaction(self) -> Iterator[Connection]:
        with self._connection(self._engine) as conn:
            conn.exec_driver_sql(_SNAPSHOT)
            yield conn

    @override
    def _is_lost(self, error: BaseException, conn: Connection) -> bool:
        cause = error.orig if isinstance(error, DBAPIError) else error
        driver = conn.connection.driver_connection
        is_closed = isinstance(driver, MySQLConnection) and not driver.open
        return is_closed or (cause is not None and number_of(cause) in ENDED)

    @override
    def _is_undone(self, error: DBAPIError) -> bool:
        return error.orig is not None and number_of(error.orig) in UNDONE

    @override
    def _read_version(self, conn: Connection) -> str | None:
        self._check_server()
        return super()._read_version(conn)

    def _check_server(self) -> None:
        """Refuse a server that is too old.

        Raises:
            StorageError: It is.
        """
        dialect: Any = self._engine.dialect
        oldest = _OLDEST_MARIADB if dialect.is_mariadb else _OLDEST_MYSQL
        if dialect.server_version_info < oldest:
            name = "MariaDB" if dialect.is_mariadb else "MySQL"
            found, needed = (".".join(map(str, version)) for version in (dialect.server_version_info, oldest))
            raise StorageError(
                f"{self.label} is on a server of {name} {found}, which cannot do what runrack needs:"
                f" use {name} {needed} or later"
            )

    @override
    @contextmanager
    def _change_transaction(self) -> Iterator[Connection]:
        with self._write_transaction() as conn:
            conn.exec_driver_sql(f"SET SESSION lock_wait_timeout = {_TABLE_SECONDS}")
            try:
                yield conn
            finally:
                if not conn.invalidated:
                    conn.exec_driver_sql(f"SET SESSION lock_wait_timeout = {_SESSION['lock_wait_timeout']}")

    @override
    @contextmanager
    def _migration_turn(self) -> Iterator[None]:
        # The lock belongs to a connection, not to a transaction: a change of tables ends every transaction.
        with self._connection(self._engine) as conn:
            conn.detach()  # it is closed at the end, and the lock is free again
            conn.exec_driver_sql(f"SET SESSION wait_timeout = {_TURN_SECONDS}")
            name = f"runrack {self._engine.url.database}"[:64]
            got = conn.exec_driver_sql("SELECT GET_LOCK(%s, %s)", (name, _TURN_SECONDS)).scalar()
            if got != 1:
                raise StorageUnavailableError(f"{self.label}: another process is changing its tables")
            yield


def _connect(_dialect: Any, _record: Any, positional: list[Any], options: dict[str, Any]) -> MySQLConnection:
    return MySQLConnection(*positional, **options)
