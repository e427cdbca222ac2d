"""`runrack sensor list`."""

from __future__ import annotations

from pathlib import Path

import click

from runrack.cli.instigator.choice import Chosen, list_all, opened
from runrack.cli.open_workspace import workspace_option
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.moment import date_and_clock, iso
from runrack.cli.output.table import print_table
from runrack.interfaces.workspace import SensorInfo
from runrack.records.tick import InstigatorType

_HEADER = ("SENSOR", "LOCATION", "JOBS", "INTERVAL", "STATUS", "LAST TICK")


@click.command
@workspace_option
@json_option
def command(workspace_file: Path | None, as_json: bool) -> None:
    """List sensors, whether they run, and when they were asked last."""
    with opened(workspace_file) as (instance, workspace):
        found = list_all(instance, workspace, InstigatorType.SENSOR)
        ticks = instance.schedule_storage.get_batch_ticks(
            [each.origin.selector_id for each in found], limit=1
        )
    last = {selector_id: newest[0].timestamp for selector_id, newest in ticks.items()}
    sensors = [(each, each.info) for each in found if isinstance(each.info, SensorInfo)]
    if as_json:
        print_json(
            [
                {
                    "name": info.name,
                    "location": each.location.name,
                    "job_names": list(info.job_names),
                    "minimum_interval_seconds": info.minimum_interval_seconds,
                    "is_running": each.is_running,
                    "last_tick": iso(last.get(each.origin.selector_id)),
                }
                for each, info in sensors
            ]
        )
    elif sensors:
        print_table(_HEADER, [_row(each, info, last.get(each.origin.selector_id)) for each, info in sensors])
    else:
        click.echo("No sensor: write one with @sensor, and name its file under `workspace` of runrack.yaml.")


def _row(each: Chosen, info: SensorInfo, last: float | None) -> list[str]:
    return [
        info.name,
        each.location.name,
        ", ".join(info.job_names),
        f"{info.minimum_interval_seconds:g} s",
        each.status,
        "" if last is None else date_and_clock(last),
    ]
