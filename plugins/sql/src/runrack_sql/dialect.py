"""Dialect: what differs from database to database, so that no query has to know which one it talks to."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Insert, Table, Update, bindparam, update
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.engine.interfaces import Dialect as Compiler
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from runrack.errors import RunrackError
from runrack_sql.column_type import big_integer
from runrack_sql.moment import now, to_microseconds
from runrack_sql.statement import Query

NewRow = ReadOnlyColumnCollection[str, Any]
"""The columns of the row that an upsert was about to insert."""


class Dialect(ABC):
    """What differs from database to database.

    What is abstract has to be written. Of the rest, `ordered` and `microseconds_now` must be right for the database; the others
    make it faster.

    Attributes:
        compiler: SQLAlchemy's object for the database, which turns statements into text.
    """

    compiler: Compiler

    @abstractmethod
    def upsert(
        self,
        table: Table,
        keys: Sequence[str],
        assign: Callable[[NewRow], Mapping[str, ColumnElement[Any]]],
    ) -> Insert:
        """Return an insert that changes the row with the same `keys` instead, where there is one.

        Args:
            table: Into which table.
            keys: The columns of a primary key or unique constraint.
            assign: Gets the columns of the new row; returns column name to what the existing row gets. A column of
                `table` itself means the value that the existing row has.
        """

    @abstractmethod
    def insert_missing(self, table: Table, keys: Sequence[str]) -> Insert:
        """Return an insert that does nothing where a row with the same `keys` exists."""

    @abstractmethod
    def translate(self, error: Exception) -> RunrackError | None:
        """Return runrack's error for an error of the driver; None for what did not come from the driver."""

    def microseconds_now(self) -> ColumnElement[int]:
        """Return the present moment in microseconds since 1970, by the one clock that all clients of the database share.

        Here the clock of this machine, for a database that only this machine uses. It is read now: a prepared statement is
        given `clock_us`, the moment at which it is run.
        """
        return bindparam("clock_us", to_microseconds(now()), big_integer())

    def announce(self, query: Query) -> Query:
        """Return `query` such that, when its transaction has stored events, those who wait for them are told.

        Here nobody can be told.
        """
        return query

    def count_up(self, counter: Column[int]) -> Update:
        """Return the update that adds `count`, which is bound, to a column of a table of one row."""
        return update(counter.table).values({counter: counter + bindparam("count")})

    def counted(self, cursor: DBAPICursor) -> int | None:  # noqa: ARG002 - for those who override it
        """Return the value that a column has after `count_up`, where the database told it; None where it has to be asked."""
        return None

    def append_at_once(self) -> Query | None:
        """Return the query that gives out storage ids and stores rows of the log with them, in one statement.

        - Bound are `rows`, a JSON text: a list of rows of `events`, their `id` counting from 1; and `count`, their number.
        - The rows get successive ids in that order. A row whose event id is stored already is left out.
        - The answer is one row: the last of the ids, and how many rows were stored.

        None where the database has no such statement.
        """
        return None

    def insert_rows(self, statement: Insert, columns: Sequence[str]) -> Insert | None:  # noqa: ARG002 - for those who override it
        """Return `statement` for many rows, where the database has such a statement.

        Bound is `rows`, a JSON text: a list of rows, which may have more columns than the given ones.
        """
        return None

    @abstractmethod
    def get_last_id(self, conn: Connection, table: Table) -> int:
        """Return the id that a table gave out last; 0 for none."""

    @abstractmethod
    def set_last_id(self, conn: Connection, table: Table, last: int) -> None:
        """Let a table, into which rows with ids were inserted, give out ids above `last`; may end the transaction."""

    def ordered(self, column: ColumnElement[Any], *, ascending: bool) -> ColumnElement[Any]:
        """Return `column` as a sort key; rows without a value come first when ascending and last otherwise.

        Here the database is trusted to sort them so, as SQLite and MySQL do.
        """
        return column.asc() if ascending else column.desc()

    def replace(self, table: Table, keys: Sequence[str]) -> Insert:
        """Return an insert that overwrites the row with the same `keys`, where there is one."""
        return self.upsert(
            table, keys, lambda new: {column.name: column for column in new if column.name not in keys}
        )
