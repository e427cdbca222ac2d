"""Database: transactions over one database whose tables are known to fit this code."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import RLock, local
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, Engine, inspect, select

from runrack.errors import StorageCorruptError, StorageVersionError
from runrack.interfaces.event_watch import WatchSignal
from runrack.interfaces.progress_report import Report, silent
from runrack.interfaces.storage import SchemaStatus
from runrack.interfaces.storage_check import Finding
from runrack_sql.dialect import Dialect
from runrack_sql.retry import call_with_patience
from runrack_sql.schema import SCHEMA_VERSION, UNFINISHED_COPY, VERSION_TABLE, schema_version

if TYPE_CHECKING:
    from runrack_sql.schema_changes import SchemaChanges

T = TypeVar("T")


class _OfThread(local):
    """What holds for the calls of one thread."""

    patience: float | None = None


class Database:
    """One database, opened when it is first used.

    The base class serves databases that many clients may write at once; every transaction has a connection of its own
    from the engine's pool.

    A subclass for another kind of database overrides `_read_transaction` and `_write_transaction`, context managers that
    give a connection, commit at the end and undo all on an exception; `dispose`; and what of the following it needs:

    - `_single_statement`: as `_write_transaction`, for a statement whose answer comes with its commit;
    - `_change_transaction` and `_migration_turn`: where a migration has to keep others out, or must not wait for them;
    - `_check_files`: what `runrack storage check` says of the files below the tables;
    - `patience_seconds` and `make_watch_signal`.

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
        self._of_thread = _OfThread()

    def call(self, work: Callable[[], T], *, is_repeatable: bool) -> T:
        """Return what `work` returns, called again while the database cannot be used and patience lasts.

        Args:
            work: Something that uses `read` or `write` once.
            is_repeatable: Whether it may be called again when nobody knows if the failed call was carried out.
        """
        return call_with_patience(work, self._patience_now, is_repeatable=is_repeatable)

    @contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """Return a context in which the calls of this thread that failed are made again for `seconds`."""
        before = self._of_thread.patience
        self._of_thread.patience = seconds
        try:
            yield
        finally:
            self._of_thread.patience = before

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

    @contextmanager
    def write_at_once(self) -> Iterator[Connection]:
        """Give a connection for one statement, which is committed with its answer where the database can do that.

        Raises:
            StorageError: The database cannot be used; the class says why, and whether anything may have been changed.
        """
        self._open()
        with self._translated(), self._single_statement() as conn:
            yield conn

    def make_watch_signal(self) -> WatchSignal:
        """Return what tells when to look for new events."""
        return WatchSignal()

    def get_schema_status(self) -> SchemaStatus:
        """Return the version of the tables that the database has, and the one that it should have."""
        with self._translated(), self._read_transaction() as conn:
            current = self._read_version(conn)
            is_newer = current is not None and current > SCHEMA_VERSION and current != UNFINISHED_COPY
            return SchemaStatus(
                current, SCHEMA_VERSION, is_usable_newer=is_newer and _welcomes_this_code(conn)
            )

    def migrate(self, report: Report = silent) -> None:
        """Bring the tables to the version of this code, step by step while others use them; goes on after a kill.

        Raises:
            StorageVersionError: A newer version of runrack wrote the database.
            StorageCorruptError: The database holds the tables of something else.
        """
        from runrack_sql.migration import create_tables, migrate_tables

        with self._translated(), self._migration_turn():
            with self._write_transaction() as conn:
                current = self._read_version(conn)
                if current is None:
                    create_tables(conn)
                    return
            if current > SCHEMA_VERSION:
                raise self._version_error(current)
            if current < SCHEMA_VERSION:
                migrate_tables(self._schema_changes(report), current)

    @contextmanager
    def read_any(self) -> Iterator[Connection]:
        """Give a connection as `read` does, whatever the version of the tables is."""
        with self._translated(), self._read_transaction() as conn:
            yield conn

    @contextmanager
    def change_tables(self) -> Iterator[Connection]:
        """Give a connection as `write` does, for a migration: whatever the version of the tables is.

        Raises:
            StorageUnavailableError: Others use the table; to wait longer would keep more others waiting behind.
        """
        with self._translated(), self._change_transaction() as conn:
            yield conn

    def check(self) -> Sequence[Finding]:
        """Return what a look at everything that is stored has found."""
        from runrack_sql.check import check_rows, check_version

        status = self.get_schema_status()
        findings = [check_version(status)]
        if status.current is not None:
            with self._translated(), self._read_transaction() as conn:
                findings += self._check_files(conn)
                findings += check_rows(conn) if status.is_usable else []
        return findings

    def dispose(self) -> None:
        """Close all connections; the next use opens new ones."""
        self._engine.dispose()

    def _patience_now(self) -> float:
        asked = self._of_thread.patience
        return self.patience_seconds if asked is None else asked

    def _read_transaction(self) -> AbstractContextManager[Connection]:
        return self._engine.begin()

    def _write_transaction(self) -> AbstractContextManager[Connection]:
        return self._engine.begin()

    def _single_statement(self) -> AbstractContextManager[Connection]:
        return self._write_transaction()

    def _change_transaction(self) -> AbstractContextManager[Connection]:
        """Give a connection as `_write_transaction` does, which does not wait long for a table that others use."""
        return self._write_transaction()

    def _migration_turn(self) -> AbstractContextManager[None]:
        """Keep other migrations out, after a wait for them.

        Nothing to do where a transaction that writes keeps all others out: each change looks first what is there.
        """
        return nullcontext()

    def _schema_changes(self, report: Report) -> "SchemaChanges":
        """Return what changes the tables while others use them."""
        from runrack_sql.schema_changes import SchemaChanges

        return SchemaChanges(self.change_tables, report)

    def _check_files(self, _conn: Connection) -> Sequence[Finding]:
        """Return what a look at the files below the tables has found; a server sees after its own."""
        return []

    def _open(self) -> None:
        """Check the tables, once: they do not change while a process runs."""
        if self._is_open:
            return
        with self._opening:
            status = self.get_schema_status()
            if status.current is None and self._creates_tables:
                self.migrate()
            elif not status.is_usable:
                raise self._version_error(status.current)
            self._is_open = True

    def _read_version(self, conn: Connection) -> str | None:
        tables = inspect(conn).get_table_names()
        if VERSION_TABLE in tables:
            version: str | None = conn.execute(select(schema_version.c.version_num)).scalar()
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
        if current == UNFINISHED_COPY:
            return StorageVersionError(
                f"{self.label} holds a copy of another database that is not finished:"
                " call `runrack storage copy` again"
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


def _welcomes_this_code(conn: Connection) -> bool:
    """Tell whether newer tables are the ones of this code with additions that it need not know."""
    oldest_code = conn.execute(select(schema_version.c.oldest_code)).scalar()
    return oldest_code is not None and oldest_code <= SCHEMA_VERSION
