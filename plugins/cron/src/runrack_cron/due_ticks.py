"""Which ticks of a schedule are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from runrack.definitions.cron import CronSchedule
from runrack.interfaces.workspace import ScheduleInfo

ON_TIME = timedelta(minutes=1)
"""A tick is missed when it is later than this."""

_LIMIT_OF_POLICY = {"none": 0, "latest": 1}


def find_due_ticks(
    schedule: ScheduleInfo, after: datetime, now: datetime, max_catchup_runs: int
) -> list[datetime]:
    """Return the moments of a schedule that are due, in their order.

    - All that are at most a minute late. Of the earlier ones, which were missed, the newest, so that there are in all no
      more than the schedule's `catch_up` says.

    Args:
        schedule: The schedule.
        after: The last tick that was made, or the start of the schedule.
        now: The present moment.
        max_catchup_runs: How many come in all at most, where `catch_up` is "all".
    """
    cron = CronSchedule(schedule.cron_schedule, schedule.execution_timezone)
    boundary = max(after, now - ON_TIME)
    on_time = cron.list_between(boundary, now)
    limit = _limit(schedule.catch_up, max_catchup_runs)
    return cron.list_latest(after, boundary, limit - len(on_time)) + on_time


def moment(seconds: float) -> datetime:
    """Return the moment of a number of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def _limit(catch_up: str | int, max_catchup_runs: int) -> int:
    return catch_up if isinstance(catch_up, int) else _LIMIT_OF_POLICY.get(catch_up, max_catchup_runs)
