"""How late flights leave, hour by hour: pure functions, no framework."""

import csv
import io
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Flight(NamedTuple):
    """One scheduled departure; `delay_minutes` is None for a flight that was cancelled, negative for one that left early."""

    day: str
    airport: str
    hour: int
    delay_minutes: int | None


@dataclass(frozen=True)
class Study:
    """Which flights are looked at, and what counts as late."""

    first_day: str
    last_day: str
    flights: int
    late_after_minutes: int


@dataclass(frozen=True)
class HourSummary:
    """How the flights of one airport left that were scheduled within one hour of the day.

    Attributes:
        airport: Its three-letter code.
        hour: Local hour of the scheduled departure, 0 to 23.
        flights: Scheduled departures, cancelled ones included.
        cancelled: How many never left.
        late: How many left late.
        late_share_error: Standard error of `late_share`.
        median_delay: Half of the departures left at most this many minutes late.
        p90_delay: Nine of ten departures left at most this many minutes late.
    """

    airport: str
    hour: int
    flights: int
    cancelled: int
    late: int
    late_share_error: float
    median_delay: float
    p90_delay: int

    @property
    def departed(self) -> int:
        """How many flights left."""
        return self.flights - self.cancelled

    @property
    def late_share(self) -> float:
        """The share of late departures among those that left, 0 to 1."""
        return self.late / self.departed


def summarize_hours(flights: Iterable[Flight], late_after_minutes: int) -> list[HourSummary]:
    """Return one summary for each airport and hour from which at least one flight left, ordered by both.

    A flight is late when it leaves `late_after_minutes` or more behind its schedule.
    """
    groups: defaultdict[tuple[str, int], list[Flight]] = defaultdict(list)
    for flight in flights:
        groups[flight.airport, flight.hour].append(flight)
    return [
        _summarize_group(group, late_after_minutes)
        for _, group in sorted(groups.items())
        if any(flight.delay_minutes is not None for flight in group)
    ]


def _summarize_group(group: Sequence[Flight], late_after_minutes: int) -> HourSummary:
    departed = [(flight.day, flight.delay_minutes) for flight in group if flight.delay_minutes is not None]
    delays = sorted(delay for _, delay in departed)
    days: defaultdict[str, list[bool]] = defaultdict(list)
    for day, delay in departed:
        days[day].append(delay >= late_after_minutes)
    return HourSummary(
        airport=group[0].airport,
        hour=group[0].hour,
        flights=len(group),
        cancelled=len(group) - len(departed),
        late=sum(sum(late) for late in days.values()),
        late_share_error=share_error([(sum(late), len(late)) for late in days.values()]),
        median_delay=statistics.median(delays),
        p90_delay=delays[math.ceil(0.9 * len(delays)) - 1],
    )


def share_error(days: Sequence[tuple[int, int]]) -> float:
    """Return the standard error of a share that was counted on several days.

    Flights of one evening wait for the same storm, so they are no independent samples; days nearly are. This is the usual
    error of a ratio of two totals, with the day as the unit of sampling.

    Args:
        days: For each day the cases that count and all cases.

    Returns:
        The error, 0 to 1; infinite for a single day, which says nothing about the spread between days.
    """
    if len(days) == 1:
        return math.inf
    total = sum(cases for _, cases in days)
    share = sum(hits for hits, _ in days) / total
    squares = sum((hits - share * cases) ** 2 for hits, cases in days)
    return math.sqrt(squares * len(days) / (len(days) - 1)) / total


def late_share_between(summaries: Iterable[HourSummary], first_hour: int, last_hour: int) -> float:
    """Return the share of late departures in the hours from `first_hour` to `last_hour`, both included.

    Raises:
        ValueError: No flight left in these hours.
    """
    chosen = [summary for summary in summaries if first_hour <= summary.hour <= last_hour]
    departed = sum(summary.departed for summary in chosen)
    if not departed:
        raise ValueError(f"no flight left between {first_hour:02}:00 and {last_hour:02}:59")
    return sum(summary.late for summary in chosen) / departed


def to_csv(summaries: Iterable[HourSummary]) -> str:
    """Return the summaries as a CSV table, one line each, shares in percent."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(
        [
            "airport",
            "hour",
            "flights",
            "cancelled",
            "late",
            "late_percent",
            "late_percent_error",
            "median_delay_minutes",
            "p90_delay_minutes",
        ]
    )
    for row in summaries:
        writer.writerow(
            [
                row.airport,
                row.hour,
                row.flights,
                row.cancelled,
                row.late,
                f"{100 * row.late_share:.1f}",
                f"{100 * row.late_share_error:.1f}",
                f"{row.median_delay:g}",
                row.p90_delay,
            ]
        )
    return table.getvalue()


def to_markdown(summaries: Iterable[HourSummary]) -> str:
    """Return the summaries as a Markdown table of late departures in percent: a line an hour, a column an airport."""
    shares = {(row.hour, row.airport): f"{100 * row.late_share:.0f}" for row in summaries}
    hours = sorted({hour for hour, _ in shares})
    airports = sorted({airport for _, airport in shares})
    lines = [["hour", *airports], ["---:"] * (len(airports) + 1)]
    lines += [[f"{hour:02}", *(shares.get((hour, airport), "") for airport in airports)] for hour in hours]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
