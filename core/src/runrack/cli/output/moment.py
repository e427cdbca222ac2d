"""Points in time and durations, as people and as programs read them."""

from __future__ import annotations

from datetime import UTC, datetime


def clock(timestamp: float) -> str:
    """Return the time of day in the zone of this machine: `12:03:04`."""
    return _local(timestamp).strftime("%H:%M:%S")


def date_and_clock(timestamp: float) -> str:
    """Return day and time in the zone of this machine: `2026-03-01 12:03:04`."""
    return _local(timestamp).strftime("%Y-%m-%d %H:%M:%S")


def iso(timestamp: float | None) -> str | None:
    """Return the moment for programs, in UTC: `2026-03-01T11:03:04.250000Z`; None for None."""
    if timestamp is None:
        return None
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def duration(seconds: float) -> str:
    """Return a duration for people: `8 ms`, `1.2 s`, `3 min 05 s`, `2 h 07 min`."""
    if seconds < 0.9995:  # noqa: PLR2004 - from here on it would be shown as 1000 ms
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:  # noqa: PLR2004 - as above, 60.0 s
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def _local(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC).astimezone()
