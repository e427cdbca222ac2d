"""TickSelection: finds the newest ticks of many instigators at once, each by its own place of an index."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from sqlalchemy import ColumnElement, Connection, Executable, select, union_all

from runrack.records.codec import decode_tick
from runrack.records.tick import InstigatorTick, TickStatus
from runrack_sql.limit import check_limit, chunks
from runrack_sql.schema import ticks
from runrack_sql.statement import Query

_PLACES_PER_QUERY = 100
"""How many places of an index one query reads from; SQLite takes at most 500."""


@dataclass(frozen=True)
class TickSelection:
    """Which ticks are wanted. As the arguments of `ScheduleStorage.get_ticks`.

    Raises:
        InvalidArgumentError: `limit` is negative.
    """

    selector_ids: Collection[str] | None = None
    before: float | None = None
    after: float | None = None
    limit: int | None = None
    statuses: Collection[TickStatus] | None = None
    tick_ids: Collection[int] | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)

    def read(self, conn: Connection) -> Sequence[InstigatorTick]:
        """Return the ticks, newest first."""
        rows = [row for query in self._queries() for row in conn.execute(query)]
        found = [InstigatorTick(row.id, decode_tick(row.body)) for row in rows]
        found.sort(key=lambda tick: (tick.timestamp, tick.tick_id), reverse=True)
        if self.limit is None or self.selector_ids is None:
            return found[: self.limit]
        return list(_first_of_each(found, self.limit))

    def _queries(self) -> Iterator[Executable]:
        bounded = select(ticks.c.id, ticks.c.body).where(*self._bounds())
        if self.tick_ids is not None:
            yield from self._by_id(bounded)
        elif self.selector_ids is None:
            yield _newest(bounded.where(*self._has_status()), self.limit)
        elif self.limit is None:
            for portion in chunks(set(self.selector_ids)):
                yield bounded.where(ticks.c.selector_id.in_(portion), *self._has_status())
        else:
            yield from self._by_place(bounded, self.limit)

    def _by_id(self, bounded: Query) -> Iterator[Query]:
        wanted = None if self.selector_ids is None else sorted(set(self.selector_ids))
        statement = bounded if wanted is None else bounded.where(ticks.c.selector_id.in_(wanted))
        for portion in chunks(set(self.tick_ids or ())):
            yield statement.where(ticks.c.id.in_(portion), *self._has_status())

    def _by_place(self, bounded: Query, limit: int) -> Iterator[Executable]:
        """Yield queries for the newest ticks of each instigator, and of each status where some are wanted.

        An index holds the ticks of a place in their order: of each, only as many are read as are wanted.
        """
        statuses: Sequence[str | None] = sorted({status.value for status in self.statuses or ()}) or [None]
        places = list(product(sorted(set(self.selector_ids or ())), statuses))
        for portion in chunks(places, _PLACES_PER_QUERY):
            parts = [
                select(_newest(bounded.where(*_in_place(*place)), limit).subquery()) for place in portion
            ]
            yield union_all(*parts)

    def _bounds(self) -> Iterator[ColumnElement[bool]]:
        if self.before is not None:
            yield ticks.c.timestamp < self.before
        if self.after is not None:
            yield ticks.c.timestamp > self.after

    def _has_status(self) -> Iterator[ColumnElement[bool]]:
        if self.statuses:
            yield ticks.c.status.in_([status.value for status in self.statuses])


def _newest(statement: Query, limit: int | None) -> Query:
    return statement.order_by(ticks.c.timestamp.desc(), ticks.c.id.desc()).limit(limit)


def _in_place(selector_id: str, status: str | None) -> Iterator[ColumnElement[bool]]:
    yield ticks.c.selector_id == selector_id
    if status is not None:
        yield ticks.c.status == status


def _first_of_each(found: Sequence[InstigatorTick], limit: int) -> Iterator[InstigatorTick]:
    """Yield the first `limit` ticks of each instigator."""
    taken: Counter[str] = Counter()
    for tick in found:
        taken[tick.tick_data.selector_id] += 1
        if taken[tick.tick_data.selector_id] <= limit:
            yield tick
