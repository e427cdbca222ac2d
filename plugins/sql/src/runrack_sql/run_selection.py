"""What a RunsFilter means in SQL."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, false

from runrack.records import tags as tag_names
from runrack.records.runs_filter import RunsFilter
from runrack_sql.moment import to_microseconds
from runrack_sql.schema import run_tags, runs
from runrack_sql.statement import Query
from runrack_sql.text_key import head


def select_runs(statement: Query, filters: RunsFilter) -> Query:
    """Return `statement`, a select from the table of runs, for the runs that `filters` selects."""
    for key, values in filters.tags.items():
        statement = _with_tag(statement, key, [values] if isinstance(values, str) else values)
    return statement.where(*_conditions(filters))


def _with_tag(statement: Query, key: str, values: Sequence[str]) -> Query:
    """Join the tag: a run carries a key once, so no run appears twice, and the index on tags can lead the way."""
    if not values:
        return statement.where(false())
    tag = run_tags.alias()
    condition = and_(
        tag.c.run_row == runs.c.id,
        tag.c.key == key,
        tag.c.value_head.in_([head(value) for value in values]),
        tag.c.value.in_(values),
    )
    return statement.join(tag, condition)


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
