"""Reads the log: what an EventQuery means in SQL."""

from collections.abc import Iterable, Sequence
from heapq import merge
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from runrack.interfaces.event_log import EventQuery
from runrack.records.event_type import ASSET_TYPES
from runrack_sql.asset_visibility import visible_events
from runrack_sql.event_row import asset_digest
from runrack_sql.schema import events
from runrack_sql.statement import AnyRow
from runrack_sql.text_key import digest

_MOST_PARTITIONS = 100
"""Up to how many partitions are asked for one by one."""

_columns = (events.c.id, events.c.run_id, events.c.late, events.c.body)


def select_events(conn: Connection, query: EventQuery) -> Sequence[AnyRow]:
    """Return the rows (id, run_id, late, body) that `query` selects, ordered by id."""
    if query.limit == 0:
        return []
    parts = _split(query)
    if len(parts) == 1:
        return _select(conn, parts[0])
    needed = None if query.limit is None else query.limit + query.offset
    portions = [_select(conn, msgspec.structs.replace(part, offset=0, limit=needed)) for part in parts]
    rows = merge(*portions, key=lambda row: row.id, reverse=not query.ascending)
    return list(islice(rows, query.offset, needed))


def _split(query: EventQuery) -> Sequence[EventQuery]:
    """Return queries that together select the same, each of which finds its rows in an index in their order.

    A query for several types would have to sort all their rows to find the first few; so would one for several
    partitions. The log of one run is read in order anyway, and so is that of an asset for very many partitions.
    """
    if query.run_id is not None:
        return [query]
    types = query.event_types or (ASSET_TYPES if query.asset_key is not None else frozenset())
    parts = [msgspec.structs.replace(query, event_types=frozenset({event_type})) for event_type in types] or [
        query
    ]
    if query.partitions is None or len(query.partitions) > _MOST_PARTITIONS:
        return parts
    return [
        msgspec.structs.replace(part, partitions=(partition,))
        for part in parts
        for partition in set(query.partitions)
    ]


def _select(conn: Connection, query: EventQuery) -> Sequence[AnyRow]:
    statement = (
        select(*_columns)
        .where(*_conditions(query))
        .order_by(events.c.id.asc() if query.ascending else events.c.id.desc())
        .limit(query.limit)
    )
    return conn.execute(statement.offset(query.offset) if query.offset else statement).all()


def _conditions(query: EventQuery) -> Iterable[ColumnElement[bool]]:
    if query.run_id is not None:
        yield events.c.run_id == query.run_id
    if query.event_types:
        types = sorted(event_type.value for event_type in query.event_types)
        yield _is_one_of(events.c.event_type, types, by_index=query.run_id is None)
    if query.asset_key is not None:
        yield from visible_events(asset_digest(query.asset_key))
    if query.partitions is not None:
        partitions = [digest(partition) for partition in query.partitions]
        yield _is_one_of(events.c.partition_digest, partitions, by_index=len(partitions) == 1)
    if query.job_names is not None:
        yield events.c.job_name.in_(query.job_names)
    if query.storage_ids is not None:
        # Numbers written into the statement: a list of any length would not fit as bound values.
        yield events.c.id.in_(
            bindparam("storage_ids", query.storage_ids, expanding=True, literal_execute=True)
        )
    yield from _within(events.c.id, query.after_id, query.before_id)
    yield from _within(events.c.timestamp, query.after_timestamp, query.before_timestamp)


def _is_one_of(column: ColumnElement[str], values: Sequence[str], *, by_index: bool) -> ColumnElement[bool]:
    # A column inside an expression cannot be looked up: the planner is kept from an index that it would take for a
    # good one, not knowing that a run has few events of the many of a type.
    searched = column if by_index else func.coalesce(column, "")
    return searched == values[0] if len(values) == 1 else searched.in_(values)


def _within(
    column: ColumnElement[Any], after: float | None, before: float | None
) -> Iterable[ColumnElement[bool]]:
    if after is not None:
        yield column > after
    if before is not None:
        yield column < before
