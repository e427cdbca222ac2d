"""OnConflictDialect: what databases with `INSERT … ON CONFLICT` have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Insert, Table
from typing_extensions import override

from runrack_sql.dialect import Dialect, NewRow

if TYPE_CHECKING:  # each takes long to import, and a database needs one of them
    from sqlalchemy.dialects import postgresql, sqlite


class OnConflictDialect(Dialect):
    """What differs from database to database, where inserts are written as SQLite and PostgreSQL write them."""

    @abstractmethod
    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an insert of the database: by `insert` of `sqlalchemy.dialects.sqlite` or of `.postgresql`."""

    @override
    def upsert(
        self,
        table: Table,
        keys: Sequence[str],
        assign: Callable[[NewRow], Mapping[str, ColumnElement[Any]]],
    ) -> Insert:
        statement = self.insert(table)
        return statement.on_conflict_do_update(index_elements=keys, set_=assign(statement.excluded))

    @override
    def insert_missing(self, table: Table, keys: Sequence[str]) -> Insert:
        return self.insert(table).on_conflict_do_nothing(index_elements=keys)
