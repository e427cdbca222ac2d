"""TimeWindowPartitionsDefinition: one partition for each hour, day, week or month of a time zone."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import MAXYEAR, UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import count

from typing_extensions import override

from runrack.definitions.partitions import DynamicPartitionKeys, PartitionsDefinition
from runrack.definitions.time_zone import load_time_zone
from runrack.errors import InvalidDefinitionError

_HOUR = timedelta(hours=1)
_MONTHS = 12

_REPEATED = "#2"
"""Ends the key of an hour that a clock set back repeats; such a key sorts between its first occurrence and the next."""


class Cadence(StrEnum):
    """How long a time window is."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


_DAYS = {Cadence.DAILY: 1, Cadence.WEEKLY: 7}


class TimeWindowPartitionsDefinition(PartitionsDefinition):
    """Partitions that come with time: one for each window that has ended, named after its beginning.

    - Days, weeks and months are those of the time zone: a day on which the clock changes is one window of 23 or 25
      hours. A day that begins in a gap begins at the first moment after it; a day that the zone left out is none.
    - Hours are real hours. One that a clock set back repeats has `#2` at the end of its key.

    Args:
        start: The beginning of the first window, a datetime or its ISO text; without a zone it is local time. A whole
            hour, midnight, or midnight on the first of a month. Weeks begin on its weekday.
        cadence: How long a window is.
        timezone: Name of an IANA time zone.
        end: Windows that end after this moment are left out; read as `start` is.
        fmt: How the beginning of a window becomes its key, as for `datetime.strftime`.

    Raises:
        InvalidDefinitionError: The zone is unknown; a moment cannot be read; the start begins no window; or the format
            gives two windows one key.
    """

    def __init__(
        self,
        start: datetime | str,
        cadence: Cadence | str,
        timezone: str = "UTC",
        end: datetime | str | None = None,
        fmt: str | None = None,
    ) -> None:
        self.cadence = _checked_cadence(cadence)
        self.timezone = timezone
        self._zone = load_time_zone(timezone)
        self._first = _local(start, self._zone, "start")
        self._end = None if end is None else _local(end, self._zone, "end").astimezone(UTC)
        self.fmt = _default_format(self.cadence) if fmt is None else fmt
        _check_start(self._first, self.cadence)
        _check_format(self.fmt, self.cadence)

    @property
    @override
    def identity(self) -> tuple[Hashable, ...]:
        return "time_window", self.cadence, self.timezone, self._first.astimezone(UTC), self._end, self.fmt

    @property
    def first_weekday(self) -> int:
        """The weekday on which weeks begin; Sunday is 0."""
        return self._first.isoweekday() % _DAYS[Cadence.WEEKLY]

    @override
    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions: DynamicPartitionKeys | None = None
    ) -> Sequence[str]:
        return [self._key(index) for index in self._windows(self._horizon(current_time))]

    @override
    def select_partition_keys(
        self,
        partition_keys: Iterable[str],
        current_time: datetime | None = None,
        dynamic_partitions: DynamicPartitionKeys | None = None,
    ) -> set[str]:
        horizon = self._horizon(current_time)
        return {key for key in partition_keys if self._is_key(key, horizon)}

    def _horizon(self, current_time: datetime | None) -> datetime:
        """Return the moment by which a window must have ended."""
        now = datetime.now(UTC) if current_time is None else _aware(current_time)
        return now if self._end is None else min(now, self._end)

    def _windows(self, horizon: datetime) -> Iterator[int]:
        begin = self._begin(0)
        for index in count():
            end = self._begin(index + 1)
            if end > horizon:
                return
            if begin < end:
                yield index
            begin = end

    def _is_key(self, key: str, horizon: datetime) -> bool:
        index = self._index_of(key)
        if index is None or index < 0 or self._key(index) != key:
            return False
        return self._begin(index) < self._begin(index + 1) <= horizon

    def _begin(self, index: int) -> datetime:
        """Return the moment at which a window begins, in UTC."""
        if self.cadence is Cadence.HOURLY:
            return self._first.astimezone(UTC) + index * _HOUR
        # In a gap this is the moment of the change, and of two equal local times the first.
        midnight = datetime.combine(self._day(index), datetime.min.time(), self._zone)
        return midnight.astimezone(UTC)

    def _day(self, index: int) -> date:
        first = self._first.date()
        if self.cadence is Cadence.MONTHLY:
            years, month = divmod(first.month - 1 + index, _MONTHS)
            return date(first.year + years, month + 1, 1)
        return first + timedelta(days=_DAYS[self.cadence] * index)

    def _key(self, index: int) -> str:
        if self.cadence is not Cadence.HOURLY:
            return datetime.combine(self._day(index), datetime.min.time()).strftime(self.fmt)
        local = self._begin(index).astimezone(self._zone)
        return local.strftime(self.fmt) + _REPEATED * local.fold

    def _index_of(self, key: str) -> int | None:
        """Return which window has this key, if any has."""
        repeated = key.endswith(_REPEATED)
        try:
            local = datetime.strptime(key.removesuffix(_REPEATED), self.fmt).replace(tzinfo=self._zone)
            if local.year == MAXYEAR:
                return None  # such a window may end where the calendar does not reach
            if self.cadence is Cadence.HOURLY:
                return (local.replace(fold=repeated).astimezone(UTC) - self._begin(0)) // _HOUR
        except (ValueError, OverflowError):
            return None
        if self.cadence is Cadence.MONTHLY:
            return (local.year - self._first.year) * _MONTHS + local.month - self._first.month
        return (local.date() - self._first.date()).days // _DAYS[self.cadence]


class HourlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """One partition an hour. Arguments as in `TimeWindowPartitionsDefinition`."""

    def __init__(
        self,
        start: datetime | str,
        timezone: str = "UTC",
        end: datetime | str | None = None,
        fmt: str | None = None,
    ) -> None:
        super().__init__(start, Cadence.HOURLY, timezone, end, fmt)


class DailyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """One partition a day. Arguments as in `TimeWindowPartitionsDefinition`."""

    def __init__(
        self,
        start: datetime | str,
        timezone: str = "UTC",
        end: datetime | str | None = None,
        fmt: str | None = None,
    ) -> None:
        super().__init__(start, Cadence.DAILY, timezone, end, fmt)


class WeeklyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """One partition a week. Arguments as in `TimeWindowPartitionsDefinition`."""

    def __init__(
        self,
        start: datetime | str,
        timezone: str = "UTC",
        end: datetime | str | None = None,
        fmt: str | None = None,
    ) -> None:
        super().__init__(start, Cadence.WEEKLY, timezone, end, fmt)


class MonthlyPartitionsDefinition(TimeWindowPartitionsDefinition):
    """One partition a month. Arguments as in `TimeWindowPartitionsDefinition`."""

    def __init__(
        self,
        start: datetime | str,
        timezone: str = "UTC",
        end: datetime | str | None = None,
        fmt: str | None = None,
    ) -> None:
        super().__init__(start, Cadence.MONTHLY, timezone, end, fmt)


def _checked_cadence(cadence: Cadence | str) -> Cadence:
    try:
        return Cadence(cadence)
    except ValueError:
        raise InvalidDefinitionError(
            f"the cadence of time windows is one of {', '.join(Cadence)}, not {cadence!r}"
        ) from None


def _local(moment: datetime | str, zone: tzinfo, what: str) -> datetime:
    try:
        read = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
    except (TypeError, ValueError):
        raise InvalidDefinitionError(
            f"the {what} of time windows is a datetime or its ISO text, such as 2024-01-31"
        ) from None
    return read.replace(tzinfo=zone) if read.tzinfo is None else read.astimezone(zone)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _default_format(cadence: Cadence) -> str:
    return "%Y-%m-%d-%H:%M" if cadence is Cadence.HOURLY else "%Y-%m-%d"


def _check_start(start: datetime, cadence: Cadence) -> None:
    if start.minute or start.second or start.microsecond:
        raise InvalidDefinitionError("time windows start on a whole hour")
    if cadence is not Cadence.HOURLY and start.hour:
        raise InvalidDefinitionError(f"{cadence} windows start at midnight, local time")
    if cadence is Cadence.MONTHLY and start.day != 1:
        raise InvalidDefinitionError("monthly windows start on the first of a month")


def _check_format(fmt: str, cadence: Cadence) -> None:
    moment = {
        Cadence.HOURLY: datetime(2023, 11, 28, 13, 30),  # noqa: DTZ001 - local time, in any zone
        Cadence.MONTHLY: datetime(2023, 11, 1),  # noqa: DTZ001 - as above
    }.get(cadence, datetime(2023, 11, 28))  # noqa: DTZ001 - as above
    try:
        is_exact = datetime.strptime(moment.strftime(fmt), fmt) == moment  # noqa: DTZ007 - as above
    except (TypeError, ValueError):
        is_exact = False
    if not is_exact:
        raise InvalidDefinitionError(
            f"the format {fmt!r} does not tell {cadence} windows apart: write the beginning of a window in full, "
            f"as in {_default_format(cadence)!r}, without a zone"
        )
