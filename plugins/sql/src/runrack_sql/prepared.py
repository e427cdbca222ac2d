"""Prepared: a statement compiled once and handed straight to the driver."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import Executable

from runrack_sql.dialect import Dialect


class Prepared:
    """A statement for the few places that run for every event.

    `Connection.execute` costs several times what the database itself needs for one row. What it would add, conversions
    of values, none of our column types needs.

    Args:
        statement: The statement.
        dialect: For which database.
        columns: The columns that the rows of an insert give, unless they give all of the table.
    """

    def __init__(self, statement: Executable, dialect: Dialect, columns: Sequence[str] | None = None) -> None:
        compiled = statement.compile(dialect=dialect.compiler, column_keys=columns)  # type: ignore[attr-defined]
        if not isinstance(compiled, SQLCompiler):
            msg = "only a query or a change of rows can be prepared"
            raise TypeError(msg)
        self._text = compiled.string
        self._constants = dict(compiled.params)
        self._places = compiled.positiontup

    def run(self, conn: Connection, values: Mapping[str, Any]) -> DBAPICursor:
        """Run the statement and return the driver's cursor; bound names that are missing keep their constant."""
        cursor = conn.connection.cursor()
        cursor.execute(self._text, self._bound(values))
        return cursor

    def run_many(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run the statement once for each row."""
        if len(rows) == 1:  # the usual case, for which drivers have a shorter way
            self.run(conn, rows[0])
            return
        cursor = conn.connection.cursor()
        cursor.executemany(self._text, [self._bound(row) for row in rows])

    def _bound(self, values: Mapping[str, Any]) -> Any:
        if self._places is None:
            return {**self._constants, **values}
        constants = self._constants
        return [values[name] if name in values else constants[name] for name in self._places]
