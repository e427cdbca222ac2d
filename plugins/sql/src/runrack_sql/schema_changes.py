"""SchemaChanges: what a migration may do to the tables of a database, each thing only where it is missing."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, inspect
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.schema import SchemaItem


class SchemaChanges:
    """Changes the tables of one database.

    A change that is made already is left alone: a database that cannot undo changes of its tables keeps what a migration
    did that was killed, and the next one goes on from there.

    Args:
        begin: Gives a connection in a transaction; each change has one.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._begin = begin

    def add_table(self, table: str, *columns: SchemaItem, **options: Any) -> None:
        """Add a table, with `options` of SQLAlchemy's `Table`."""

        def add(op: Operations, inspector: Inspector) -> None:
            if not inspector.has_table(table):
                op.create_table(table, *columns, **options)

        self._change(add)

    def add_column(self, table: str, column: Column[Any]) -> None:
        """Add a column that may be null or has a `server_default`: older code inserts rows without it."""

        def add(op: Operations, inspector: Inspector) -> None:
            if column.name not in {found["name"] for found in inspector.get_columns(table)}:
                op.add_column(table, column)

        self._change(add)

    def add_index(self, index: str, table: str, columns: Sequence[str], **options: Any) -> None:
        """Add an index, with `options` of SQLAlchemy's `Index`."""

        def add(op: Operations, inspector: Inspector) -> None:
            if index not in {found["name"] for found in inspector.get_indexes(table)}:
                op.create_index(index, table, columns, **options)

        self._change(add)

    def _change(self, make: Callable[[Operations, Inspector], None]) -> None:
        with self._begin() as conn:
            make(Operations(MigrationContext.configure(conn)), inspect(conn))
