"""Moments in the past as a person gives them: how long ago, or a date with or without a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from typing_extensions import override

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,9})([smhdw])")


class Since(click.ParamType[datetime]):
    """An option's value such as `30m`, `2d` or `2026-03-01T12:00`, as an aware moment; local time where no zone is given."""

    name = "TIME"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        ago = _AGO.fullmatch(str(value))
        try:
            if ago is not None:
                return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            return datetime.fromisoformat(str(value)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time: give how long ago (30m, 12h, 2d), or a date (2026-03-01, 2026-03-01T12:00)",
                param,
                ctx,
            )
