"""Removes old events, some at a time, each type by its index."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, delete, select

from runrack.interfaces.retention import EVENT_TYPES_OF_KIND, MESSAGE_KINDS, EventKind, Pruned
from runrack_sql.database import Database
from runrack_sql.part import SqlPart
from runrack_sql.schema import asset_partitions, asset_plans, assets, cursors, event_ids, events
from runrack_sql.statement import AnyRow

BATCH_EVENTS = 200
"""How many events one step looks at; to remove as many keeps writers waiting for some milliseconds."""

_REFERENCES: Sequence[tuple[Table, ColumnElement[int]]] = (
    (assets, assets.c.last_materialization_id),
    (assets, assets.c.last_observation_id),
    (assets, assets.c.last_planned_id),
    (asset_partitions, asset_partitions.c.storage_id),
    (asset_plans, asset_plans.c.storage_id),
)
"""Where the state of assets refers to the log."""


class _Leveled(msgspec.Struct):
    """As much of an encoded message as tells its kind."""

    level: int


_decoder = msgspec.json.Decoder(_Leveled)


class Lane:
    """The events of one type, or the messages of some levels, in the order of their storage ids.

    How far the lane is cleared is kept as a bookmark: all before it that could be removed is gone.

    Args:
        database: Where the log is.
        kind: What is removed.
        event_type: The type of the events; None for messages.
    """

    def __init__(self, database: Database, kind: EventKind, event_type: str | None) -> None:
        self._database = database
        self._kind = kind
        self._event_type = event_type
        self._bookmark = f"runrack retention {event_type or kind.value}"

    def prune(self, before: float, now: float, *, dry_run: bool) -> Iterator[Pruned]:
        """Remove what is older than `before`, in steps; with `dry_run` only count."""
        with self._database.read() as conn:
            after = int(
                conn.execute(select(cursors.c.value).where(cursors.c.key == self._bookmark)).scalar() or 0
            )
            end = conn.execute(select(event_ids.c.last)).scalar() or 0
        while True:
            with self._database.read() as conn:
                rows = self._read(conn, after)
                old = _leading_old(rows, before, now)
                if not old:
                    return
                expired = [row for row in old if row.timestamp < before]
                doomed = self._without_referenced(conn, self._of_kind(expired))
            after = old[-1].id
            if not dry_run:
                began = time.monotonic()
                self._remove(doomed, after)
                time.sleep(time.monotonic() - began)  # writers get the same share of the time
            yield Pruned(self._kind, len(doomed), after, end)

    def _read(self, conn: Connection, after: int) -> Sequence[AnyRow]:
        columns = [events.c.id, events.c.timestamp, events.c.asset_digest]
        statement = select(*columns, events.c.body) if self._event_type is None else select(*columns)
        of_type = events.c.event_type == self._event_type  # a comparison with None asks for a null
        return conn.execute(
            statement.where(of_type, events.c.id > after).order_by(events.c.id).limit(BATCH_EVENTS)
        ).all()

    def _of_kind(self, rows: Sequence[AnyRow]) -> Sequence[AnyRow]:
        if self._event_type is not None:
            return rows
        levels = MESSAGE_KINDS[self._kind]
        return [row for row in rows if _decoder.decode(row.body).level in levels]

    def _without_referenced(self, conn: Connection, rows: Sequence[AnyRow]) -> Sequence[int]:
        digests = {row.asset_digest for row in rows if row.asset_digest is not None}
        referenced = _referenced(conn, digests)
        return [row.id for row in rows if row.id not in referenced]

    def _remove(self, doomed: Sequence[int], reached: int) -> None:
        with self._database.write() as conn:
            if doomed:
                conn.execute(delete(events).where(events.c.id.in_(doomed)))
            bookmark = {"key": self._bookmark, "value": str(reached)}
            conn.execute(self._database.dialect.replace(cursors, ["key"]), bookmark)


class SqlRetention(SqlPart):
    """Removes old events from a log whose entries lie in one table."""

    def prune_events(
        self, kept: Mapping[EventKind, timedelta], now: datetime, *, dry_run: bool = False
    ) -> Iterator[Pruned]:
        """As `SupportsRetention.prune_events`."""
        for kind, age in kept.items():
            before = (now - age).timestamp()
            for event_type in _event_types(kind):
                yield from Lane(self.database, kind, event_type).prune(
                    before, now.timestamp(), dry_run=dry_run
                )


def _event_types(kind: EventKind) -> Sequence[str | None]:
    if kind in MESSAGE_KINDS:
        return [None]
    return sorted(event_type.value for event_type in EVENT_TYPES_OF_KIND[kind])


def _leading_old(rows: Sequence[AnyRow], before: float, now: float) -> Sequence[AnyRow]:
    """Return the rows before the first one that is too young; one from the future holds nothing up, and is kept."""
    old: list[AnyRow] = []
    for row in rows:
        if before <= row.timestamp <= now:
            break
        old.append(row)
    return old


def _referenced(conn: Connection, digests: Collection[str]) -> set[int]:
    """Return the storage ids that the state of these assets refers to."""
    found: set[int] = set()
    for table, column in _REFERENCES if digests else ():
        key = table.c.digest if table is assets else table.c.asset_digest
        found.update(conn.execute(select(column).where(key.in_(digests), column.is_not(None))).scalars())
    return found
