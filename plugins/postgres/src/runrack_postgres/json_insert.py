"""Inserts of many rows by one statement, which gets them as one JSON text.

An array for each column would do as well, but the driver takes several times as long to write arrays of texts.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnClause,
    Insert,
    String,
    TableValuedAlias,
    Text,
    bindparam,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from runrack_sql.schema import event_ids, events
from runrack_sql.statement import Query

_rows = bindparam("rows", type_=postgresql.JSON())
_count = bindparam("count", type_=BigInteger())


def insert_rows(statement: Insert, columns: Sequence[str]) -> Insert:
    """Return an insert like `statement` of all the rows that are bound: see `Dialect.insert_rows`."""
    rows = _table_of([statement.table.columns[name] for name in columns])
    return statement.from_select(list(columns), select(*(rows.c[name] for name in columns)))


def append_at_once() -> Query:
    """Return the query that gives out storage ids and stores rows of the log: see `Dialect.append_at_once`."""
    # The update locks the row of the ids until the commit. What it reads then, and what the index of the event ids
    # holds, is the state after the commit of whoever had the row before, although the statement began earlier.
    taken = (
        update(event_ids)
        .values(last=event_ids.c.last + _count)
        .returning(event_ids.c.last.label("last"))
        .cte("taken")
    )
    rows = _table_of(list(events.columns))
    values = [rows.c[each.name] for each in events.columns if each is not events.c.id]
    stored = (
        postgresql.insert(events)
        .from_select(
            ["id", *(value.name for value in values)],
            select(taken.c.last - _count + rows.c.id, *values),
        )
        .on_conflict_do_nothing(index_elements=[events.c.event_id])
        .returning(events.c.id)
        .cte("stored")
    )
    return select(
        select(taken.c.last).scalar_subquery(),
        select(func.count()).select_from(stored).scalar_subquery(),
    )


def _table_of(columns: Sequence[ColumnClause[Any]]) -> TableValuedAlias:
    """Return the rows that are bound, with these columns."""
    return (
        func.json_to_recordset(_rows)
        .table_valued(*(column(each.name, _type_read(each)) for each in columns))
        .render_derived(name="given", with_types=True)
    )


def _type_read(each: ColumnClause[Any]) -> TypeEngine[Any]:
    # A type of limited length would cut off what is too long for the column.
    return Text() if isinstance(each.type, String) else each.type
