"""What a RunsFilter means in SQL."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, exists, select

from runrack.records import tags as tag_names
from runrack.records.runs_filter import RunsFilter
from runrack_sql.moment import to_microseconds
from runrack_sql.schema import run_tags, runs
from runrack_sql.statement import Query
from runrack_sql.text_key import head


def select_runs(
    columns: Iterable[ColumnElement[Any]], filters: RunsFilter
) -> tuple[Query, ColumnElement[int]]:
    """Return the select of `columns` for the runs that `filters` selects, and the column that tells their order.

    A run carries a key once, so a joined tag makes no run appear twice. With tags, the order is read from the first of
    them: its index holds the runs with one value in their order, and a page of them is found without sorting.
    """
    statement: Query = select(*columns).select_from(runs)
    order: ColumnElement[int] = runs.c.id
    for place, (key, values) in enumerate(filters.tags.items()):
        tag = run_tags.alias()
        statement = statement.join(tag, _carries(tag, key, [values] if isinstance(values, str) else values))
        order = tag.c.run_row if place == 0 else order
    return statement.where(*_conditions(filters)), order


def _carries(tag: FromClause, key: str, values: Sequence[str]) -> ColumnElement[bool]:
    return and_(
        tag.c.run_row == runs.c.id,
        tag.c.key == key,
        tag.c.value_head.in_([head(value) for value in values]),
        tag.c.value.in_(values),
    )


def _conditions(filters: RunsFilter) -> Iterable[ColumnElement[bool]]:
    if filters.run_ids is not None:
        yield runs.c.run_id.in_(filters.run_ids)
    if filters.job_name is not None:
        yield runs.c.job_name == filters.job_name
    if filters.statuses:
        yield runs.c.status.in_([status.value for status in filters.statuses])
    if filters.snapshot_id is not None:
        yield runs.c.job_snapshot_id == filters.snapshot_id
    if filters.exclude_subruns:
        is_subrun = and_(run_tags.c.run_row == runs.c.id, run_tags.c.key == tag_names.BACKFILL)
        yield ~exists().where(is_subrun)
    yield from _within(runs.c.updated_us, filters.updated_after, filters.updated_before)
    yield from _within(runs.c.created_us, filters.created_after, filters.created_before)


def _within(
    column: ColumnElement[int], after: datetime | None, before: datetime | None
) -> Iterable[ColumnElement[bool]]:
    if after is not None:
        yield column > to_microseconds(after)
    if before is not None:
        yield column < to_microseconds(before)
