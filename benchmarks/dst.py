"""Cron expressions at changes of the clock, against a walk through every minute.

    dst.py [--every N] [--first-year Y] [--last-year Y]

For each time zone and each change of its clock (each Nth, with --every) and 40 expressions: the moments of four days about the
change, as `CronSchedule` gives them, and as a walk through the minutes finds them from the stated policy. Zones that are only
other names of one are walked once. Exits with 1 when there is a difference.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise, product
from zoneinfo import ZoneInfo, available_timezones

from runrack.definitions.cron import CronSchedule
from runrack.definitions.cron_expression import CronExpression, parse_cron

SHAPES = (
    "30 2 * * *",
    "30 1 * * *",
    "0 2 * * *",
    "0 3 * * *",
    "0 0 * * *",
    "30 0 * * *",
    "59 23 * * *",
    "45 23 * * *",
    "0 1 * * *",
    "15 2 * * *",
    "0 12 * * *",
    "0,30 2 * * *",
    "0,30 1 * * *",
    "0 1,2,3 * * *",
    "30 1-3 * * *",
    "10-50/20 1-4/1 * * *",
    "0 0,12 * * *",
    "5 0 * * *",
    "30 2 * * 0",
    "30 2 * * sun",
    "30 2 1-7 * *",
    "30 2 L * *",
    "30 2 8-14 3 0",
    "0 4 1,15 * *",
    "0 3 * 3,11 *",
    "* * * * *",
    "*/15 * * * *",
    "*/30 1 * * *",
    "*/30 2 * * *",
    "0 * * * *",
    "30 * * * *",
    "0 */2 * * *",
    "30 */3 * * *",
    "0 */6 * * *",
    "5 0-23 * * *",
    "0-59 3 * * *",
    "15,45 * * * 1-5",
    "7 * 1-7 * *",
    "0 */12 * * sat",
    "@hourly",
)
MINUTE = timedelta(minutes=1)
REACH = timedelta(days=2)


def main() -> None:
    """Walk, and print what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first-year", type=int, default=2000)
    parser.add_argument("--last-year", type=int, default=2037)
    arguments = parser.parse_args()
    began = time.perf_counter()
    changes = list(distinct_changes(arguments.first_year, arguments.last_year))[:: arguments.every]
    differences = 0
    for name, change in changes:
        for text, expected, found in compare(name, change):
            differences += 1
            print(f"{name} {change} {text!r}: expected {expected}, found {found}")
    seconds = time.perf_counter() - began
    cases = len(changes) * len(SHAPES)
    print(
        f"{len(changes)} changes x {len(SHAPES)} expressions = {cases} cases: {differences} differences, {seconds:.0f} s"
    )
    if differences:
        raise SystemExit(1)


def compare(name: str, change: datetime) -> Iterator[tuple[str, list[datetime], list[datetime]]]:
    """Yield the expressions whose moments about a change differ from the walk."""
    begin, end = change - REACH, change + REACH
    walk = Walk(ZoneInfo(name), begin - REACH, end + REACH)
    for text in SHAPES:
        expected = sorted({moment for moment in walk.moments_of(parse_cron(text)) if begin < moment <= end})
        found = CronSchedule(text, name).list_between(begin, end)
        if expected != found:
            yield (
                text,
                [each for each in expected if each not in found],
                [each for each in found if each not in expected],
            )


class Walk:
    """Every minute of a zone between two moments, with its local time."""

    def __init__(self, zone: tzinfo, begin: datetime, end: datetime) -> None:
        moments = [begin + number * MINUTE for number in range((end - begin) // MINUTE)]
        steps = [(moment, moment.astimezone(zone).replace(tzinfo=None)) for moment in moments]
        self.first: dict[datetime, datetime] = {}
        self.by_time: dict[tuple[int, int], list[tuple[datetime, date]]] = {}
        for moment, local in steps:
            self.first.setdefault(local, moment)
            self.by_time.setdefault((local.hour, local.minute), []).append((moment, local.date()))
        self.days = {local.date() for local in self.first}
        self.gaps = [
            (before, after, moment)
            for (_, before), (moment, after) in pairwise(steps)
            if after - before > MINUTE
        ]

    def moments_of(self, cron: CronExpression) -> Iterator[datetime]:
        """Yield the moments that the policy wants: real time where the expression steps, else each local time once."""
        days = {day for day in self.days if fits(cron, day)}
        for hour, minute in product(cron.hours, cron.minutes):
            if cron.is_real_time:
                yield from (moment for moment, day in self.by_time.get((hour, minute), ()) if day in days)
                continue
            for day in days:
                local = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - local time
                if local in self.first:
                    yield self.first[local]
                else:
                    yield from (moment for before, after, moment in self.gaps if before < local < after)


def fits(cron: CronExpression, day: date) -> bool:
    """Tell whether a day fits, counted anew."""
    is_last = (day + timedelta(days=1)).month != day.month
    is_day = day.day in cron.days or (is_last and 0 in cron.days)
    is_weekday = (day.isoweekday() % 7, 0) in cron.weekdays
    return day.month in cron.months and (
        is_day or is_weekday if cron.is_either_day else is_day and is_weekday
    )


def distinct_changes(first_year: int, last_year: int) -> Iterator[tuple[str, datetime]]:
    """Yield a zone and the moment of a change of its clock; zones with the same changes once."""
    seen = set()
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        changes = tuple(changes_of(zone, first_year, last_year))
        offsets = tuple(change.astimezone(zone).utcoffset() for change in changes)
        if changes and (changes, offsets) not in seen:
            seen.add((changes, offsets))
            yield from ((name, change) for change in changes)


def changes_of(zone: tzinfo, first_year: int, last_year: int) -> Iterator[datetime]:
    """Yield the moments at which a clock is set, found day by day and then by halving."""
    day = datetime(first_year, 1, 1, tzinfo=UTC)
    while day.year <= last_year:
        after = day + timedelta(days=1)
        if offset(zone, day) != offset(zone, after):
            yield halve(zone, day, after)
        day = after


def halve(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """Return the first minute with the offset of `after`."""
    while after - before > MINUTE:
        middle = before + (after - before) // MINUTE // 2 * MINUTE
        if offset(zone, middle) == offset(zone, after):
            after = middle
        else:
            before = middle
    return after


def offset(zone: tzinfo, moment: datetime) -> timedelta | None:
    """Return how far a zone is from UTC."""
    return moment.astimezone(zone).utcoffset()


if __name__ == "__main__":
    main()
