"""`runrack schedule preview`."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click

from runrack.cli.instigator.choice import choose, name_and_workspace, opened
from runrack.cli.output.json_output import json_option, print_json
from runrack.definitions.cron import CronSchedule
from runrack.definitions.time_zone import load_time_zone
from runrack.interfaces.workspace import ScheduleInfo
from runrack.records.tick import InstigatorType


@click.command
@name_and_workspace
@click.option("-n", "--count", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many.")
@json_option
def command(name: str, workspace_file: Path | None, count: int, as_json: bool) -> None:
    """Show when the next ticks of a schedule are, in its time zone and in UTC."""
    with opened(workspace_file) as (instance, workspace):
        info = choose(instance, workspace, InstigatorType.SCHEDULE, name).info
    moments = _next_moments(info, count) if isinstance(info, ScheduleInfo) else []
    if as_json:
        print_json(
            [{"local": local.isoformat(), "utc": local.astimezone(UTC).isoformat()} for local in moments]
        )
        return
    for local in moments:
        utc = local.astimezone(UTC)
        click.echo(f"{local:%a %Y-%m-%d %H:%M:%S} {local.tzname() or ''}  {utc:%Y-%m-%d %H:%M:%S} UTC")


def _next_moments(info: ScheduleInfo, count: int) -> list[datetime]:
    zone = load_time_zone(info.execution_timezone or "UTC")
    cron = CronSchedule(info.cron_schedule, info.execution_timezone)
    return [moment.astimezone(zone) for moment in islice(cron.iter_after(datetime.now(UTC)), count)]
