"""Which moments cron expressions stand for, also where a clock is set."""

import importlib.util
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from runrack.definitions.cron import CronSchedule
from runrack.definitions.cron_expression import parse_cron
from runrack.errors import InvalidDefinitionError

NEW_YORK = "America/New_York"


def after(expressions, zone, start, count):
    moments = CronSchedule(expressions, zone).iter_after(datetime.fromisoformat(start).astimezone(UTC))
    local = ZoneInfo(zone or "UTC")
    return [moment.astimezone(local).isoformat(timespec="minutes") for moment in islice(moments, count)]


@pytest.mark.parametrize(
    ("expression", "start", "expected"),
    [
        ("30 2 * * *", "2024-03-09T12:00-05:00", ["2024-03-10T03:00-04:00", "2024-03-11T02:30-04:00"]),
        ("0,30 2 * * *", "2024-03-09T12:00-05:00", ["2024-03-10T03:00-04:00", "2024-03-11T02:00-04:00"]),
        ("30 1 * * *", "2024-11-02T12:00-04:00", ["2024-11-03T01:30-04:00", "2024-11-04T01:30-05:00"]),
        ("*/30 2 * * *", "2024-03-09T12:00-05:00", ["2024-03-11T02:00-04:00", "2024-03-11T02:30-04:00"]),
        ("0 * * * *", "2024-03-10T00:30-05:00", ["2024-03-10T01:00-05:00", "2024-03-10T03:00-04:00"]),
        ("0 * * * *", "2024-11-03T00:30-04:00", ["2024-11-03T01:00-04:00", "2024-11-03T01:00-05:00"]),
    ],
)
def test_changes_of_the_clock(expression, start, expected):
    """A fixed time comes once a day: after a gap at its end, when repeated at first; a stepping one in real time."""
    assert after(expression, NEW_YORK, start, 2) == expected


def test_a_day_that_was_left_out_has_no_tick():
    """On the day that Samoa left out, nothing comes."""
    assert after("0 12 * * *", "Pacific/Apia", "2011-12-29T00:00-10:00", 2) == [
        "2011-12-29T12:00-10:00",
        "2011-12-31T12:00+14:00",
    ]


@pytest.mark.parametrize(
    "zone",
    [
        NEW_YORK,
        "Europe/London",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Africa/Casablanca",
        "America/Santiago",
        "Antarctica/Troll",
        "Asia/Gaza",
    ],
)
def test_the_policy_holds_at_every_change(zone):
    """About each change of 2010 to 2012, 40 expressions come exactly when a walk through every minute says."""
    walking = load_benchmark()
    changes = list(walking.changes_of(ZoneInfo(zone), 2010, 2012))
    assert changes
    assert [difference for change in changes for difference in walking.compare(zone, change)] == []


def load_benchmark():
    path = Path(__file__).parents[3] / "benchmarks" / "dst.py"
    spec = importlib.util.spec_from_file_location("dst_walk", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 9 * * mon-fri", ["2024-11-04T09:00", "2024-11-05T09:00"]),
        ("0 9 * * fri-sun", ["2024-11-02T09:00", "2024-11-03T09:00"]),
        ("0 9 * * 7", ["2024-11-03T09:00", "2024-11-10T09:00"]),
        ("0 9 13 * 5", ["2024-11-08T09:00", "2024-11-13T09:00"]),
        ("0 9 L * *", ["2024-11-30T09:00", "2024-12-31T09:00"]),
        ("0 9 * * 1#2", ["2024-11-11T09:00", "2024-12-09T09:00"]),
        ("0 9 * * 5L", ["2024-11-29T09:00", "2024-12-27T09:00"]),
        ("0 9 29 feb *", ["2028-02-29T09:00", "2032-02-29T09:00"]),
        ("5/20 8-9 2 nov *", ["2024-11-02T08:05", "2024-11-02T08:25"]),
        ("@monthly", ["2024-12-01T00:00", "2025-01-01T00:00"]),
        ("30 0 0 * * *", ["2024-11-02T00:00", "2024-11-03T00:00"]),
    ],
)
def test_fields(expression, expected):
    """Lists, ranges, steps, names, the last day, the nth weekday, nicknames and seconds mean what is documented."""
    assert [text[:16] for text in after(expression, None, "2024-11-02T00:00+00:00", 2)] == expected


def test_several_expressions_are_one_sequence():
    """The moments of several expressions come in order, those that they share once."""
    assert after(["0 */12 * * *", "0 6-18/6 * * *"], None, "2024-11-02T00:00+00:00", 4) == [
        "2024-11-02T06:00+00:00",
        "2024-11-02T12:00+00:00",
        "2024-11-02T18:00+00:00",
        "2024-11-03T00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("* * * *", "has 4 fields"),
        ("60 * * * *", "the minute '60'"),
        ("* 24 * * *", "the hour '24'"),
        ("* * 0 * *", "the day of the month '0'"),
        ("* * * 13 *", "the month '13'"),
        ("* * * * mom", "the weekday 'mom'"),
        ("*/0 * * * *", "the step of the minute '0'"),
        ("9-5 * * * *", "from the lower to the higher"),
        ("0 0 31 feb,apr *", "never comes"),
        ("", "has 0 fields"),
        (7, "is a string"),
    ],
)
def test_wrong_expressions_are_explained(expression, reason):
    """An expression that cannot be read, or never comes, is refused with what is wrong."""
    with pytest.raises(InvalidDefinitionError, match=reason):
        parse_cron(expression)


def test_an_unknown_zone_is_refused():
    """A time zone that there is not is refused, and so is a schedule without expressions."""
    with pytest.raises(InvalidDefinitionError, match="Europe/Zürich"):
        CronSchedule("0 0 * * *", "Europe/Zürich")
    with pytest.raises(InvalidDefinitionError, match="needs a cron expression"):
        CronSchedule([])


def test_the_latest_are_found_from_the_end():
    """The last moments of a span are the end of all of them, however long the span is."""
    begin, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, 0, 0, 30, tzinfo=UTC)
    for expression in ("*/7 * * * *", "0 5 * * 1", "0 0 1 1 *"):
        cron = CronSchedule(expression, NEW_YORK)
        every = cron.list_between(begin, end)
        assert cron.list_latest(begin, end, 3) == every[-3:]
        assert cron.list_latest(begin, end, 0) == []
    assert CronSchedule("* * * * * *").list_latest(begin - timedelta(days=10_000), end, 1) == [end]
