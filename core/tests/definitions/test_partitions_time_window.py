"""Time window partitions: hours, days, weeks and months, also where the clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runrack.definitions.time_window_partitions import (
    DailyPartitionsDefinition,
    HourlyPartitionsDefinition,
    MonthlyPartitionsDefinition,
    TimeWindowPartitionsDefinition,
    WeeklyPartitionsDefinition,
)
from runrack.errors import InvalidDefinitionError

# One zone changes at night, one at midnight, one by half an hour.
ZONES = st.sampled_from(["America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe"])
DAYS = st.dates(date(2000, 1, 1), date(2037, 1, 1))


def at(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("definition", "now", "keys"),
    [
        (
            HourlyPartitionsDefinition("2024-01-31T22:00"),
            "2024-02-01T01:59",
            ["2024-01-31-22:00", "2024-01-31-23:00", "2024-02-01-00:00"],
        ),
        (DailyPartitionsDefinition("2024-02-28"), "2024-03-01", ["2024-02-28", "2024-02-29"]),
        (WeeklyPartitionsDefinition("2024-01-03"), "2024-01-17", ["2024-01-03", "2024-01-10"]),
        (MonthlyPartitionsDefinition("2023-12-01", fmt="%Y-%m"), "2024-02-29", ["2023-12", "2024-01"]),
        (
            DailyPartitionsDefinition("2024-02-28", end="2024-03-01"),
            "2030-01-01",
            ["2024-02-28", "2024-02-29"],
        ),
        (DailyPartitionsDefinition("2024-02-28"), "2024-02-28T23:59", []),
    ],
)
def test_windows_that_have_ended_are_partitions(definition, now, keys):
    """There is a partition for each window that ended by now and by the end of the definition."""
    assert definition.get_partition_keys(at(now)) == keys


def test_a_moment_without_a_zone_is_utc():
    """The current time without a zone means UTC; left out, it is now."""
    days = DailyPartitionsDefinition("2024-01-01", "Asia/Tokyo")
    assert days.get_partition_keys(datetime(2024, 1, 1, 15)) == ["2024-01-01"]  # noqa: DTZ001 - what is tested
    assert days.has_partition_key("2024-01-01")


@pytest.mark.parametrize("key", ["2024-01-04", "2024-01-24", "2023-12-27", "03.01.2024", "", "2024-01-03#2"])
def test_what_begins_no_window_is_no_key(key):
    """Another weekday, a window that has not ended, one before the start and other text are no keys."""
    weeks = WeeklyPartitionsDefinition("2024-01-03")
    assert not weeks.has_partition_key(key, at("2024-01-30"))
    assert weeks.has_partition_key("2024-01-17", at("2024-01-30"))


@settings(derandomize=True, deadline=None, database=None)
@given(
    cadence=st.sampled_from(["hourly", "daily", "weekly", "monthly"]),
    key=st.sampled_from(["0001-01-01", "9998-12-31", "9999-12-01", "9999-12-31"]),
    zone=ZONES,
)
def test_the_ends_of_the_calendar_are_no_keys(cadence, key, zone):
    """A key far before the start or far after now is no key, and no error."""
    hour = "-18:00" if cadence == "hourly" else ""
    definition = TimeWindowPartitionsDefinition("2024-01-01", cadence, zone)
    assert not definition.has_partition_key(key + hour, at("2024-06-01"))


def test_the_repeated_hour_has_a_key_of_its_own():
    """Where the clock is set back, the second of two equal hours ends in #2; keys stay in order."""
    hours = HourlyPartitionsDefinition("2024-11-03T00:00", "America/New_York")
    keys = hours.get_partition_keys(at("2024-11-03T03:00", "America/New_York"))
    assert keys == ["2024-11-03-00:00", "2024-11-03-01:00", "2024-11-03-01:00#2", "2024-11-03-02:00"]


def test_the_hour_that_a_clock_leaves_out_has_no_key():
    """Where the clock is set forward, the hour that does not exist is no partition."""
    hours = HourlyPartitionsDefinition("2024-03-10T01:00", "America/New_York")
    now = at("2024-03-10T04:00", "America/New_York")
    assert hours.get_partition_keys(now) == ["2024-03-10-01:00", "2024-03-10-03:00"]
    assert not hours.has_partition_key("2024-03-10-02:00", now)


def test_a_day_without_midnight_is_a_partition():
    """A day that begins at one o'clock, because the clock was set forward at midnight, is one day."""
    days = DailyPartitionsDefinition("2018-11-03", "America/Sao_Paulo")
    keys = days.get_partition_keys(at("2018-11-06", "America/Sao_Paulo"))
    assert keys == ["2018-11-03", "2018-11-04", "2018-11-05"]


def test_a_day_that_a_zone_left_out_is_no_partition():
    """Samoa went from 29 to 31 December 2011."""
    days = DailyPartitionsDefinition("2011-12-29", "Pacific/Apia")
    now = at("2012-01-01", "Pacific/Apia")
    assert days.get_partition_keys(now) == ["2011-12-29", "2011-12-31"]
    assert not days.has_partition_key("2011-12-30", now)


@settings(derandomize=True, deadline=None, database=None)
@given(zone=ZONES, start=DAYS, count=st.integers(0, 400))
def test_each_local_day_has_one_key(zone, start, count):
    """The keys of daily partitions are the dates from the start on, each of them once."""
    days = DailyPartitionsDefinition(start.isoformat(), zone)
    now = at((start + timedelta(days=count)).isoformat(), zone)
    expected = [(start + timedelta(days=number)).isoformat() for number in range(count)]
    assert days.get_partition_keys(now) == expected


@settings(derandomize=True, deadline=None, database=None)
@given(zone=ZONES, start=DAYS, hours=st.integers(0, 24 * 30))
def test_each_real_hour_has_one_key(zone, start, hours):
    """The keys of hourly partitions grow strictly, as text too, and there is one for each hour that passed."""
    first = datetime.combine(start, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    definition = TimeWindowPartitionsDefinition(start.isoformat(), "hourly", zone)
    keys = definition.get_partition_keys(first + timedelta(hours=hours, minutes=59))
    assert len(keys) == hours
    assert keys == sorted(set(keys))


@settings(derandomize=True, deadline=None, database=None)
@given(
    zone=ZONES,
    year=st.integers(2000, 2036),
    cadence=st.sampled_from(["hourly", "daily", "weekly", "monthly"]),
)
def test_every_key_is_recognised(zone, year, cadence):
    """What `get_partition_keys` returns is what `select_partition_keys` lets pass."""
    definition = TimeWindowPartitionsDefinition(f"{year}-03-01", cadence, zone)
    now = at(f"{year}-04-20", zone)
    keys = definition.get_partition_keys(now)
    assert definition.select_partition_keys(keys, now) == set(keys)
    assert definition.select_partition_keys(keys, at(f"{year}-03-01", zone)) == set()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("2024-01-01", "yearly"), "one of hourly, daily, weekly, monthly"),
        (("2024-01-01", "daily", "Mars/Base"), "'Mars/Base' is no time zone"),
        (("yesterday", "daily"), "the start of time windows"),
        (("2024-01-01", "daily", "UTC", "never"), "the end of time windows"),
        (("2024-01-01T00:30", "hourly"), "whole hour"),
        (("2024-01-01T05:00", "daily"), "daily windows start at midnight"),
        (("2024-01-02", "monthly"), "first of a month"),
        (("2024-01-01", "hourly", "UTC", None, "%Y-%m-%d"), "does not tell hourly windows apart"),
        (("2024-01-01", "daily", "UTC", None, "%Y-%m-%d%z"), "without a zone"),
    ],
)
def test_broken_windows_are_refused(arguments, message):
    """An unknown cadence or zone, an unreadable moment, a crooked start and a vague format are errors."""
    with pytest.raises(InvalidDefinitionError, match=message):
        TimeWindowPartitionsDefinition(*arguments)
