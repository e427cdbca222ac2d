"""CronExpression: five or six fields of numbers, and the days that they stand for."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import MAXYEAR, date
from functools import lru_cache
from typing import NamedTuple

from runrack.errors import InvalidDefinitionError

_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEK = 7
_LAST = "l"
_FIRST_YEAR, _LAST_YEAR = 2000, 2027
"""Within 28 years every day of the year falls on every weekday, also 29 February."""


class _Field(NamedTuple):
    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()
    first_named: int = 0


_SECOND = _Field("second", 0, 59)
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS, 1),
    _Field("weekday", 0, 7, _WEEKDAYS),
)


class CronExpression(NamedTuple):
    """What the fields of a cron expression stand for.

    Attributes:
        text: The expression as it was written.
        seconds, minutes, hours: Times of the day, sorted.
        days: Days of the month; 0 is the last one.
        months: Months from 1.
        weekdays: Weekdays from Sunday, 0, each with which of the month it is: from 1, 0 for every one, -1 for the last.
        is_either_day: Whether a day fits when its number or its weekday does; else both must.
        is_real_time: Whether it steps through hours, minutes or seconds instead of naming times of the day.
    """

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[tuple[int, int]]
    is_either_day: bool
    is_real_time: bool

    def iter_days(self, start: date, last_year: int = MAXYEAR - 1) -> Iterator[date]:
        """Yield the days that fit, from `start` to the end of `last_year`."""
        for year in range(start.year, last_year + 1):
            for month in sorted(self.months):
                if (year, month) < (start.year, start.month):
                    continue
                for day in self._days_of(year, month):
                    if day >= start:
                        yield day

    def _days_of(self, year: int, month: int) -> Iterator[date]:
        first_weekday, length = monthrange(year, month)
        for number in range(1, length + 1):
            weekday = (first_weekday + number) % _WEEK
            nth = (number - 1) // _WEEK + 1
            places = {(weekday, 0), (weekday, nth)}
            if number + _WEEK > length:
                places.add((weekday, -1))
            is_day = number in self.days or (number == length and 0 in self.days)
            is_weekday = not places.isdisjoint(self.weekdays)
            if (is_day or is_weekday) if self.is_either_day else (is_day and is_weekday):
                yield date(year, month, number)


@lru_cache(maxsize=1024)
def parse_cron(text: str) -> CronExpression:
    """Return what a cron expression stands for.

    - Five fields: minute, hour, day of the month, month, weekday; six: the second before them.
    - A field is a list, with commas, of `*`, numbers, ranges `1-5` and steps `*/15`, `10-40/10`, `5/20`. Months and weekdays
      have names (`jan`, `mon`); Sunday is 0 and 7. A day may be `L`, the last of its month; a weekday `5L`, the last Friday
      of its month, or `1#2`, the second Monday.
    - Of days of the month and weekdays that are both restricted, one has to fit; a field that begins with `*` is not
      restricted in this sense.
    - `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually`.

    Raises:
        InvalidDefinitionError: It cannot be read, or no day fits.
    """
    if not isinstance(text, str):
        raise InvalidDefinitionError(f"a cron expression is a string such as '0 6 * * *', not {text!r}")
    parts = _NICKNAMES.get(text.strip().lower(), text).lower().split()
    if len(parts) not in {len(_FIELDS), len(_FIELDS) + 1}:
        raise InvalidDefinitionError(
            f"the cron expression {text!r} has {len(parts)} fields: write minute, hour, day of the month, month, weekday,"
            " with the second before them if you like"
        )
    second, minute, hour, day, month, weekday = parts if len(parts) > len(_FIELDS) else ("0", *parts)
    seconds = _times(text, _SECOND, second)
    minutes, hours = _times(text, _FIELDS[0], minute), _times(text, _FIELDS[1], hour)
    times = ((second, seconds, 60), (minute, minutes, 60), (hour, hours, 24))
    made = CronExpression(
        text=text,
        seconds=seconds,
        minutes=minutes,
        hours=hours,
        days=_days(text, day),
        months=frozenset(_values(text, _FIELDS[3], month)),
        weekdays=frozenset(_weekdays(text, weekday)),
        is_either_day=not day.startswith("*") and not weekday.startswith("*"),
        is_real_time=any(part.startswith("*") or len(values) == size for part, values, size in times),
    )
    _refuse_never(made)
    return made


def _times(text: str, field: _Field, part: str) -> tuple[int, ...]:
    return tuple(sorted(_values(text, field, part)))


def _days(text: str, part: str) -> frozenset[int]:
    items = part.split(",")
    numbers = [item for item in items if item != _LAST]
    values = _values(text, _FIELDS[2], ",".join(numbers)) if numbers else set()
    return frozenset(values | ({0} if _LAST in items else set()))


def _weekdays(text: str, part: str) -> Iterator[tuple[int, int]]:
    field = _FIELDS[4]
    for item in part.split(","):
        name, hash_mark, nth = item.partition("#")
        if hash_mark:
            place = _number(text, _Field("number of a weekday in its month", 1, 5), nth)
            yield _number(text, field, name) % _WEEK, place
        elif item.endswith(_LAST) and item != _LAST:
            yield _number(text, field, item.removesuffix(_LAST)) % _WEEK, -1
        else:
            yield from ((value % _WEEK, 0) for value in _values(text, field, item))


def _values(text: str, field: _Field, part: str) -> set[int]:
    return {value for item in part.split(",") for value in _range(text, field, item)}


def _range(text: str, field: _Field, item: str) -> range:
    span, slash, step_text = item.partition("/")
    step = _number(text, _Field(f"step of the {field.name}", 1, field.highest), step_text) if slash else 1
    if span == "*":
        return range(field.lowest, field.highest + 1, step)
    first_text, dash, last_text = span.partition("-")
    first = _number(text, field, first_text)
    if not dash:
        return range(first, field.highest + 1 if slash else first + 1, step)
    last = _number(text, field, last_text)
    if field.names == _WEEKDAYS and last == 0:
        last = _WEEK  # `fri-sun`
    if last < first:
        raise InvalidDefinitionError(
            f"the cron expression {text!r} has the {field.name} {span!r}: a range goes from the lower to the higher value"
        )
    return range(first, last + 1, step)


def _number(text: str, field: _Field, word: str) -> int:
    if word in field.names:
        return field.names.index(word) + field.first_named
    if word.isascii() and word.isdigit() and field.lowest <= int(word) <= field.highest:
        return int(word)
    names = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
    raise InvalidDefinitionError(
        f"the cron expression {text!r} has the {field.name} {word!r}: it goes from {field.lowest} to {field.highest}{names}"
    )


def _refuse_never(cron: CronExpression) -> None:
    if next(cron.iter_days(date(_FIRST_YEAR, 1, 1), _LAST_YEAR), None) is None:
        raise InvalidDefinitionError(
            f"the cron expression {cron.text!r} never comes: no day of any month fits it"
        )
