"""CronSchedule: the moments that a cron expression stands for in a time zone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from heapq import merge
from itertools import product

from runrack.definitions.cron_expression import CronExpression, parse_cron
from runrack.definitions.time_zone import load_time_zone
from runrack.errors import InvalidDefinitionError

_DAY = timedelta(days=1)
_REACH = 2 * _DAY
"""How far from its own date the moment of a local time can lie, and more than any clock was ever set."""

_FIRST_LOOK = timedelta(minutes=1)


class CronSchedule:
    """The moments that cron expressions stand for in a time zone.

    - An expression of fixed times means local times: one moment for each. A time that a clock set forward leaves out comes
      at the first moment after the gap; one that a clock set back repeats comes at its first occurrence only. A whole day
      that the zone left out has none.
    - An expression that steps through the hours, minutes or seconds (a field that begins with `*`, or names all of its
      values) means real time: every moment whose local time fits, so nothing in a gap, and both occurrences of what is
      repeated.
    - Every moment comes once, whatever number of expressions or local times it has.

    Args:
        expressions: One expression or several, as `parse_cron` reads them.
        timezone: Name of an IANA time zone; UTC when None.

    Raises:
        InvalidDefinitionError: An expression or the time zone cannot be read, or an expression never comes.
    """

    def __init__(self, expressions: str | Sequence[str], timezone: str | None = None) -> None:
        texts = [expressions] if isinstance(expressions, str) else list(expressions)
        if not texts:
            raise InvalidDefinitionError("a schedule needs a cron expression, such as '0 6 * * *'")
        self._zone = load_time_zone(timezone or "UTC")
        self._expressions = [parse_cron(text) for text in texts]

    def iter_after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the moments after this one, in UTC, in their order, up to the year 9998.

        Args:
            moment: An aware datetime.
        """
        start = moment.astimezone(UTC)
        last = start
        for found in merge(*(_moments_after(one, self._zone, start) for one in self._expressions)):
            if found > last:
                yield found
                last = found

    def list_between(self, after: datetime, until: datetime) -> list[datetime]:
        """Return the moments after one and not after another, in their order."""
        return list(self._iter_between(after, until))

    def list_latest(self, after: datetime, until: datetime, limit: int) -> list[datetime]:
        """Return the last `limit` of the moments after one and not after another, in their order.

        - Looks back from the end: it does not matter how long ago `after` was.
        """
        if limit <= 0:
            return []
        look = _FIRST_LOOK
        while True:
            begin = after if look >= until - after else until - look
            found = deque(self._iter_between(begin, until), maxlen=limit)
            if len(found) == limit or begin == after:
                return list(found)
            look *= 4

    def _iter_between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        for moment in self.iter_after(after):
            if moment > until:
                return
            yield moment


def _moments_after(cron: CronExpression, zone: tzinfo, start: datetime) -> Iterator[datetime]:
    """Yield the moments of one expression in their order; those about the time of `start` may lie before it."""
    changing: list[date] = []
    for day in cron.iter_days((start - _REACH).astimezone(zone).date()):
        if changing and (day - changing[-1] > _DAY or not _changes_near(zone, day)):
            yield from _moments_of_change(cron, zone, changing)
            changing = []
        if _changes_near(zone, day):
            changing.append(day)
        else:
            yield from _moments_of_plain_day(cron, zone, day, start)
    yield from _moments_of_change(cron, zone, changing)


def _moments_of_plain_day(
    cron: CronExpression, zone: tzinfo, day: date, start: datetime
) -> Iterator[datetime]:
    """Yield the moments of a day about which no clock is set: each local time is one moment."""
    offset = _offset(zone, day)
    if datetime.combine(day, time.max, UTC) - offset <= start:
        return
    begin = datetime.combine(day, time.min, UTC) - offset
    for hour in cron.hours:
        if begin + timedelta(hours=hour + 1) <= start:
            continue
        for minute, second in product(cron.minutes, cron.seconds):
            yield begin + timedelta(hours=hour, minutes=minute, seconds=second)


def _moments_of_change(cron: CronExpression, zone: tzinfo, days: Sequence[date]) -> list[datetime]:
    """Return the moments of days about which a clock is set, which need not have the order of their local times."""
    find = _occurrences if cron.is_real_time else _fixed_moment
    found: set[datetime] = set()
    for day, hour, minute, second in product(days, cron.hours, cron.minutes, cron.seconds):
        found.update(find(datetime.combine(day, time(hour, minute, second)), zone))
    return sorted(found)


def _occurrences(local: datetime, zone: tzinfo) -> set[datetime]:
    """Return the moments that have this local time: one, two, or none."""
    moments = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return {moment for moment in moments if moment.astimezone(zone).replace(tzinfo=None) == local}


def _fixed_moment(local: datetime, zone: tzinfo) -> set[datetime]:
    """Return the moment that stands for this local time; none on a day that does not exist."""
    existing = _occurrences(local, zone)
    if existing:
        return {min(existing)}
    end = _end_of_gap(local, zone)
    before = (end - timedelta(microseconds=1)).astimezone(zone).date()
    after = end.astimezone(zone).date()
    return {end} if before == local.date() or after == local.date() else set()


def _end_of_gap(local: datetime, zone: tzinfo) -> datetime:
    """Return the moment at which the clock is set forward over this local time."""
    # In a gap the first reading uses the offset from before the change and gives a moment after it, the other one before.
    after, before = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    new_offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == new_offset:
            after = middle
        else:
            before = middle
    return after


@lru_cache(maxsize=4096)
def _changes_near(zone: tzinfo, day: date) -> bool:
    """Tell whether a clock may be set on this day or the days about it."""
    return zone is not UTC and len({_offset(zone, day + n * _DAY) for n in (-2, -1, 0, 1, 2)}) > 1


def _offset(zone: tzinfo, day: date) -> timedelta:
    return datetime.combine(day, time.min, zone).utcoffset() or timedelta()
