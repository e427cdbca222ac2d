"""`runrack schedule list`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from runrack.cli.instigator.choice import Chosen, list_all, opened
from runrack.cli.open_workspace import workspace_option
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.moment import date_and_clock, iso
from runrack.cli.output.table import print_table
from runrack.definitions.cron import CronSchedule
from runrack.interfaces.workspace import ScheduleInfo
from runrack.records.tick import InstigatorType

_HEADER = ("SCHEDULE", "LOCATION", "JOB", "CRON", "ZONE", "STATUS", "NEXT TICK", "LAST TICK")


@click.command
@workspace_option
@json_option
def command(workspace_file: Path | None, as_json: bool) -> None:
    """List schedules, whether they run, and when their next tick is."""
    with opened(workspace_file) as (instance, workspace):
        found = list_all(instance, workspace, InstigatorType.SCHEDULE)
        ticks = instance.schedule_storage.get_batch_ticks(
            [each.origin.selector_id for each in found], limit=1
        )
    last = {selector_id: newest[0].timestamp for selector_id, newest in ticks.items()}
    if as_json:
        print_json(
            [
                {
                    "name": info.name,
                    "location": each.location.name,
                    "job_name": info.job_name,
                    "cron_schedule": list(info.cron_schedule),
                    "execution_timezone": info.execution_timezone or "UTC",
                    "is_running": each.is_running,
                    "next_tick": iso(_next_tick(each, info)),
                    "last_tick": iso(last.get(each.origin.selector_id)),
                }
                for each, info in _schedules(found)
            ]
        )
    elif found:
        rows = [_row(each, info, last.get(each.origin.selector_id)) for each, info in _schedules(found)]
        print_table(_HEADER, rows)
    else:
        click.echo(
            "No schedule: write one with @schedule, and name its file under `workspace` of runrack.yaml."
        )


def _schedules(found: Sequence[Chosen]) -> list[tuple[Chosen, ScheduleInfo]]:
    return [(each, each.info) for each in found if isinstance(each.info, ScheduleInfo)]


def _row(each: Chosen, info: ScheduleInfo, last: float | None) -> list[str]:
    following = _next_tick(each, info)
    return [
        info.name,
        each.location.name,
        info.job_name,
        ", ".join(info.cron_schedule),
        info.execution_timezone or "UTC",
        each.status,
        "" if following is None else date_and_clock(following),
        "" if last is None else date_and_clock(last),
    ]


def _next_tick(each: Chosen, info: ScheduleInfo) -> float | None:
    """Return when the next tick of a schedule that runs is due, in seconds since 1970."""
    if not each.is_running:
        return None
    cron = CronSchedule(info.cron_schedule, info.execution_timezone)
    following = next(cron.iter_after(datetime.now(UTC)), None)
    return None if following is None else following.timestamp()
