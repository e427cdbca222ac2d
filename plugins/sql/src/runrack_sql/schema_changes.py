"""SchemaChanges: what a migration may do to a database that is in use, each thing only where it is missing."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, Table, delete, func, insert, inspect, select
from sqlalchemy.schema import SchemaItem

from runrack.errors import InvalidDefinitionError
from runrack.interfaces.progress_report import Report, silent
from runrack_sql.retry import call_with_patience
from runrack_sql.schema import cursors

PATIENCE_SECONDS = 600.0
"""How long a change is tried again that gave up because others use the table."""

BATCH_ROWS = 500
"""How many rows are filled in one transaction, which keeps others waiting for some milliseconds."""

Fill = Callable[[Connection, int, int], None]
"""Fills the rows whose id is above the first number and not above the second; harmless when repeated."""


class SchemaChanges:
    """Changes the tables of one database.

    Each change has a transaction of its own, so that nobody waits for more than one of them, and is left alone when it
    was made before: a migration that is killed, on whatever database, goes on where it was.

    Args:
        begin: Gives a connection in a transaction that gives up soon when others keep it from a table.
        report: Hears what is being done.
    """

    def __init__(
        self, begin: Callable[[], AbstractContextManager[Connection]], report: Report = silent
    ) -> None:
        self._begin = begin
        self._report = report

    def add_table(self, table: str, *columns: SchemaItem, **options: Any) -> None:
        """Add a table, with `options` of SQLAlchemy's `Table`."""

        def add(conn: Connection) -> None:
            if not inspect(conn).has_table(table):
                operations(conn).create_table(table, *columns, **options)

        self.make(f"table {table}", add)

    def add_column(self, table: str, column: Column[Any]) -> None:
        """Add a column that may be null or has a `server_default`: older code inserts rows without it."""

        def add(conn: Connection) -> None:
            if column.name not in {found["name"] for found in inspect(conn).get_columns(table)}:
                operations(conn).add_column(table, column)

        self.make(f"column {table}.{column.name}", add)

    def add_index(self, index: str, table: str, columns: Sequence[str], **options: Any) -> None:
        """Add an index, with `options` of SQLAlchemy's `Index`."""

        def add(conn: Connection) -> None:
            if index not in {found["name"] for found in inspect(conn).get_indexes(table)}:
                operations(conn).create_index(index, table, columns, **options)

        self.make(f"index {index}", add)

    def make(self, what: str, change: Callable[[Connection], None]) -> None:
        """Make a change in a transaction of its own, tried again while others keep it from the table.

        Args:
            what: How the change is reported.
            change: Makes it unless it was made before.
        """

        def attempt() -> None:
            with self._begin() as conn:
                change(conn)

        self._report(what, 0, 1)
        call_with_patience(attempt, lambda: PATIENCE_SECONDS, is_repeatable=True)
        self._report(what, 1, 1)

    def fill(self, name: str, table: Table, work: Fill) -> None:
        """Fill rows that older code wrote, some at a time; a fill that was killed goes on after its last batch.

        Rows that older code inserts after that stay as they are: newer code has to bear with a null.

        Args:
            name: Tells this fill from all others, for good.
            table: Which table; it has a column `id` that grows.
            work: Fills a range of ids.
        """
        with self._begin() as conn:
            end = conn.execute(select(func.max(table.c.id))).scalar() or 0
        while self._fill_batch(name, table, work, end):
            pass

    def _fill_batch(self, name: str, table: Table, work: Fill, end: int) -> bool:
        """Fill some rows up to the id `end` and tell whether there are more."""
        bookmark = f"runrack migration {name}"

        def fill() -> bool:
            with self._begin() as conn:
                after = int(
                    conn.execute(select(cursors.c.value).where(cursors.c.key == bookmark)).scalar() or 0
                )
                ids = select(table.c.id).where(table.c.id > after).order_by(table.c.id).limit(BATCH_ROWS)
                upto = conn.execute(select(func.max(ids.subquery().c.id))).scalar()
                conn.execute(delete(cursors).where(cursors.c.key == bookmark))
                if upto is None or after >= end:
                    return False
                work(conn, after, upto)
                conn.execute(insert(cursors), {"key": bookmark, "value": str(upto)})
            self._report(f"filling {name}", min(upto, end), end)
            return True

        return call_with_patience(fill, lambda: PATIENCE_SECONDS, is_repeatable=True)


def operations(conn: Connection) -> Operations:
    """Return Alembic's operations on a connection."""
    return Operations(migration_context(conn))


def migration_context(conn: Connection) -> MigrationContext:
    """Return what Alembic knows of the database of a connection.

    Raises:
        InvalidDefinitionError: It knows nothing, because nobody has told it.
    """
    name = conn.dialect.name
    try:
        return MigrationContext.configure(conn)
    except KeyError as error:
        if error.args != (name,):
            raise
        raise InvalidDefinitionError(
            f"Alembic does not know the database {name!r}: in the module of its SQLAlchemy dialect, derive a class from"
            f" alembic.ddl.impl.DefaultImpl with __dialect__ = {name!r}"
        ) from error
