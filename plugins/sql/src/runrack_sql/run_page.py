"""RunPage: a piece of the list of runs, found without sorting the list."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from runrack.errors import InvalidArgumentError
from runrack.interfaces.run_storage import RUN_ORDERS
from runrack.records.runs_filter import RunsFilter
from runrack_sql.dialect import Dialect
from runrack_sql.limit import check_limit
from runrack_sql.run_selection import parts_of, rarest_tag_first, select_runs
from runrack_sql.schema import runs
from runrack_sql.statement import AnyRow, Query

_ORDERS = {
    "create_timestamp": runs.c.created_us,
    "update_timestamp": runs.c.updated_us,
    **{name: runs.c[name] for name in ("id", "run_id", "job_name", "status", "start_time", "end_time")},
}


@dataclass(frozen=True)
class RunPage:
    """Which runs are wanted, in which order. As the arguments of `RunStorage.get_run_records`.

    Raises:
        InvalidArgumentError: `limit` is negative, or `order_by` is none of `RUN_ORDERS`.
    """

    filters: RunsFilter
    limit: int | None = None
    order_by: str = "id"
    ascending: bool = False
    cursor: str | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)
        if self.order_by not in _ORDERS:
            raise InvalidArgumentError(f"runs are ordered by one of {', '.join(RUN_ORDERS)}")

    def read(
        self, conn: Connection, dialect: Dialect, columns: Iterable[ColumnElement[Any]] = (*runs.columns,)
    ) -> Sequence[AnyRow]:
        """Return `columns` of the runs; they hold the id and what the page is ordered by."""
        filters = rarest_tag_first(conn, self.filters)
        parts = list(parts_of(filters))
        found = [row for part in parts for row in conn.execute(self._select(part, dialect, columns))]
        if len(parts) > 1:
            found.sort(key=_sort_key(_ORDERS[self.order_by].name), reverse=not self.ascending)
        return found[: self.limit]

    def _select(self, filters: RunsFilter, dialect: Dialect, columns: Iterable[ColumnElement[Any]]) -> Query:
        statement, row = select_runs(columns, filters)
        if self.cursor:
            # An unknown id makes the bound null, which no row satisfies.
            bound = select(runs.c.id).where(runs.c.run_id == self.cursor).scalar_subquery()
            statement = statement.where(row > bound if self.ascending else row < bound)
        if filters.run_ids is not None:
            # Or else a planner might walk through all runs in their order until it has met enough of those given.
            row = row + 0
        ordered = [dialect.ordered(column, ascending=self.ascending) for column in self._order(row)]
        return statement.order_by(*ordered).limit(self.limit)

    def _order(self, row: ColumnElement[int]) -> Sequence[ColumnElement[Any]]:
        """Return what the page is ordered by: with the row at the end, unless no two runs are alike in what is before."""
        if self.order_by == "id":
            return [row]
        column = _ORDERS[self.order_by]
        return [column] if self.order_by == "run_id" else [column, row]


def _sort_key(column: str) -> Callable[[AnyRow], tuple[bool, Any, int]]:
    """Return what orders rows as the database does: those without a value first, ties by id."""

    def key(row: AnyRow) -> tuple[bool, Any, int]:
        value = getattr(row, column)
        return value is not None, value, row.id

    return key
