"""DuckdbConnection: DuckDB's driver with what SQLAlchemy expects of one."""

from collections.abc import Sequence
from typing import Any

import duckdb


class DuckdbCursor:
    """Runs statements, and knows how many rows each has changed: DuckDB answers that as if it were asked for it.

    Attributes:
        description: The columns of the answer; None when there is none.
        rowcount: How many rows were changed; -1 for a query.
    """

    arraysize = 1

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.description: Sequence[Any] | None = None
        self.rowcount = -1

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement."""
        self._connection.execute(statement, parameters)
        self.description = self._connection.description
        self.rowcount = -1
        if self.description and [column[0] for column in self.description] == ["Count"]:
            counted = self._connection.fetchone()  # nothing, for a change of tables
            self.rowcount = counted[0] if counted else 0
            self.description = None

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each row; DuckDB refuses to do so for none."""
        self.description = None
        self.rowcount = -1
        if rows:
            self._connection.executemany(statement, rows)

    def fetchone(self) -> Any:
        """Return the next row; None after the last."""
        return self._connection.fetchone()

    def fetchmany(self, size: int = arraysize) -> list[Any]:
        """Return up to `size` more rows."""
        return self._connection.fetchmany(size)

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        return self._connection.fetchall()

    def close(self) -> None:
        """Forget the answer, whose place the next one takes."""


class DuckdbConnection:
    """One connection. Ending a transaction that was not begun is harmless, as elsewhere."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._is_in_transaction = False

    def cursor(self) -> DuckdbCursor:
        """Return what runs statements here."""
        return DuckdbCursor(self._connection)

    def begin(self) -> None:
        """Begin a transaction, which sees one state of the database from now on."""
        self._connection.begin()
        self._is_in_transaction = True

    def commit(self) -> None:
        """End the transaction; what it changed is on the disk."""
        if self._is_in_transaction:
            self._is_in_transaction = False
            self._connection.commit()

    def rollback(self) -> None:
        """End the transaction and undo what it changed."""
        if self._is_in_transaction:
            self._is_in_transaction = False
            self._connection.rollback()

    def close(self) -> None:
        """Close the connection; the last one of a process closes the file."""
        self._connection.close()
