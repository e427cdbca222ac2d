"""Database: transactions over one database whose tables are known to fit this code."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import RLock
from typing import TypeVar

from sqlalchemy import Connection, Engine, inspect, select, table
from sqlalchemy.sql.expression import column

from runrack.errors import StorageCorruptError, StorageVersionError
from runrack.interfaces.storage import SchemaStatus
from runrack_sql.dialect import Dialect
from runrack_sql.retry import call_with_patience
from runrack_sql.schema import SCHEMA_VERSION, VERSION_TABLE
from runrack_sql.statement import Query

T = TypeVar("T")

_version: Query = select(column("version_num")).select_from(table(VERSION_TABLE))


class Database:
    """One database, opened when it is first used.

    The base class serves databases that many clients may write at once; every transaction has a connection of its own
    from the engine's pool.

    Args:
        label: How messages call the database; never holds a password.
        dialect: What is special about it.
        engine: Gives connections.
        creates_tables: Whether the tables are created when there are none; otherwise that is an error.

    Attributes:
        label: How messages call the database; never holds a password.
        dialect: What is special about it.
    """

    def __init__(self, label: str, dialect: Dialect, engine: Engine, *, creates_tables: bool = True) -> None:
        self.label = label
        self.dialect = dialect
        self._engine = engine
        self._creates_tables = creates_tables
        self._opening = RLock()
        self._is_open = False

    def call(self, work: Callable[[], T], *, is_repeatable: bool) -> T:
        """Return what `work` returns, called again while the database cannot be used and patience lasts.

        Args:
            work: Something that uses `read` or `write` once.
            is_repeatable: Whether it may be called again when nobody knows if the failed call was carried out.
        """
        return call_with_patience(work, lambda: self.patience_seconds, is_repeatable=is_repeatable)

    @property
    def patience_seconds(self) -> float:
        """How long after its begin a call that failed may still be made again; 0 for a database of this machine."""
        return 0.0

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection in a transaction that sees one state of the database, and changes nothing.

        Raises:
            StorageError: The database cannot be used; the class says why.
        """
        self._open()
        with self._translated(), self._read_transaction() as conn:
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a transaction that is committed at the end, or undone by an exception.

        Raises:
            StorageError: The database cannot be used, and nothing was changed; the class says why.
        """
        self._open()
        with self._translated(), self._write_transaction() as conn:
            yield conn

    def get_schema_status(self) -> SchemaStatus:
        """Return the version of the tables that the database has, and the one that it should have."""
        with self._translated(), self._read_transaction() as conn:
            return SchemaStatus(self._read_version(conn), SCHEMA_VERSION)

    def migrate(self) -> None:
        """Bring the tables to the version of this code, in one transaction where the database can do that.

        Raises:
            StorageVersionError: A newer version of runrack wrote the database.
            StorageCorruptError: The database holds the tables of something else.
        """
        from runrack_sql.migration import upgrade

        with self._translated(), self._write_transaction() as conn:
            self._exclude_migrations(conn)
            current = self._read_version(conn)
            if current is not None and current > SCHEMA_VERSION:
                raise self._version_error(current)
            if current != SCHEMA_VERSION:
                upgrade(conn, current)

    def dispose(self) -> None:
        """Close all connections; the next use opens new ones."""
        self._engine.dispose()

    def _read_transaction(self) -> AbstractContextManager[Connection]:
        return self._engine.begin()

    def _write_transaction(self) -> AbstractContextManager[Connection]:
        return self._engine.begin()

    def _exclude_migrations(self, conn: Connection) -> None:
        """Wait for other migrations, and keep them out until the transaction ends.

        Nothing to do where a transaction that writes keeps all others out.
        """

    def _open(self) -> None:
        """Check the tables, once: they do not change while a process runs."""
        if self._is_open:
            return
        with self._opening:
            status = self.get_schema_status()
            if status.current is None and self._creates_tables:
                self.migrate()
            elif not status.is_current:
                raise self._version_error(status.current)
            self._is_open = True

    def _read_version(self, conn: Connection) -> str | None:
        tables = inspect(conn).get_table_names()
        if VERSION_TABLE in tables:
            version: str | None = conn.execute(_version).scalar()
            return version
        if tables:
            raise StorageCorruptError(
                f"{self.label} holds tables of something else than runrack: name another database"
            )
        return None

    def _version_error(self, current: str | None) -> StorageVersionError:
        if current is None:
            return StorageVersionError(
                f"{self.label} has no tables, and the configuration says not to create them"
                " (should_autocreate_tables): run `runrack storage migrate`, or let it"
            )
        if current > SCHEMA_VERSION:
            return StorageVersionError(
                f"{self.label} was written by a newer version of runrack (its tables have version {current},"
                f" this runrack knows {SCHEMA_VERSION}): upgrade runrack and its plugins on this machine"
            )
        return StorageVersionError(
            f"{self.label} was written by an older version of runrack (its tables have version {current},"
            f" this runrack needs {SCHEMA_VERSION}): make a copy, then run `runrack storage migrate`"
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            translated = self.dialect.translate(error)
            if translated is None:
                raise
            raise translated from error
