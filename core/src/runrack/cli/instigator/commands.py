"""Commands that schedules and sensors share; each kind has its own names for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from runrack.cli.instigator.choice import Chosen, choose, name_and_workspace, opened
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.moment import date_and_clock, duration, iso
from runrack.cli.output.table import print_table
from runrack.cli.runs.run_view import SHORT_ID
from runrack.instance.instance import Instance
from runrack.interfaces.workspace import TickRequest, TickResult
from runrack.records.tick import (
    InstigatorState,
    InstigatorTick,
    InstigatorType,
    SensorInstigatorData,
    TickStatus,
)

_TICK_HEADER = ("TICK", "DUE", "STATUS", "TOOK", "RUNS", "NOTE")
_NOTE_LENGTH = 80
_SHOWN_RUNS = 3


def status_command(kind: InstigatorType, verb: str, summary: str) -> click.Command:
    """Return the command that starts, stops or resets a schedule or sensor."""
    what = kind.value.lower()

    @click.command(help=summary)
    @name_and_workspace
    def command(name: str, workspace_file: Path | None) -> None:
        with opened(workspace_file) as (instance, workspace):
            chosen = choose(instance, workspace, kind, name)
            change: Callable[..., InstigatorState] = getattr(instance, f"{verb}_{what}")
            state = change(chosen.location.name, chosen.info)
            now = Chosen(chosen.info, chosen.location, state)
        click.echo(f"{what.capitalize()} {chosen.info.name} is {now.status.lower()}.")

    return command


def ticks_command(kind: InstigatorType, summary: str) -> click.Command:
    """Return the command that shows the history of ticks."""

    @click.command(help=summary)
    @name_and_workspace
    @click.option(
        "--limit", type=click.IntRange(1, 1000), default=25, show_default=True, help="At most this many."
    )
    @click.option(
        "--status",
        "statuses",
        multiple=True,
        type=click.Choice([status.value for status in TickStatus], case_sensitive=False),
        help="Only ticks of this status; may be repeated.",
    )
    @json_option
    def command(
        name: str, workspace_file: Path | None, limit: int, statuses: tuple[str, ...], as_json: bool
    ) -> None:
        with opened(workspace_file) as (instance, workspace):
            chosen = choose(instance, workspace, kind, name)
            wanted = [TickStatus(status) for status in statuses]
            selector_id = chosen.origin.selector_id
            ticks = instance.schedule_storage.get_ticks([selector_id], limit=limit, statuses=wanted)
        if as_json:
            print_json([_tick_as_json(tick) for tick in ticks])
        elif ticks:
            print_table(_TICK_HEADER, [_tick_row(tick) for tick in ticks])
        else:
            click.echo("No tick yet: a daemon makes them (`runrack daemon run`).")

    return command


def test_command(kind: InstigatorType, summary: str) -> click.Command:
    """Return the command that asks a schedule or sensor without making runs."""

    @click.command(help=summary)
    @name_and_workspace
    @click.option(
        "--at",
        "moment",
        type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"]),
        help="The tick of this local time instead of now.",
    )
    @json_option
    def command(name: str, workspace_file: Path | None, moment: datetime | None, as_json: bool) -> None:
        with opened(workspace_file) as (instance, workspace):
            chosen = choose(instance, workspace, kind, name)
            timestamp = time.time() if moment is None else moment.timestamp()
            request = _request(instance, kind, chosen, timestamp)
            result = chosen.location.evaluate_tick(request)
        if as_json:
            print_json(_result_as_json(result))
        else:
            _show_result(result)
        if result.error is not None:
            raise click.exceptions.Exit(1)

    return command


def _request(instance: Instance, kind: InstigatorType, chosen: Chosen, timestamp: float) -> TickRequest:
    data = None if chosen.state is None else chosen.state.instigator_data
    memory = data if isinstance(data, SensorInstigatorData) else SensorInstigatorData()
    return TickRequest(
        instigator_type=kind,
        instigator_name=chosen.info.name,
        timestamp=timestamp,
        cursor=memory.cursor,
        last_run_key=memory.last_run_key,
        last_tick_timestamp=memory.last_tick_timestamp,
        instance_ref=instance.get_ref().to_dict(),
    )


def _show_result(result: TickResult) -> None:
    if result.error is not None:
        click.echo(result.error.to_string())
        return
    rows = [
        [
            request.job_name or "",
            request.run_key or "",
            request.partition_key or "",
            _pairs(dict(request.tags)),
        ]
        for request in result.run_requests
    ]
    if rows:
        print_table(("JOB", "RUN KEY", "PARTITION", "TAGS"), rows)
    else:
        click.echo(f"No run is asked for{': ' + result.skip_reason if result.skip_reason else ''}.")
    if result.cursor is not None:
        click.echo(f"Cursor: {result.cursor}")
    click.echo("Nothing was made: this was a dry run.")


def _result_as_json(result: TickResult) -> dict[str, Any]:
    return {
        "run_requests": [
            {
                "job_name": request.job_name,
                "run_key": request.run_key,
                "partition_key": request.partition_key,
                "run_config": request.run_config,
                "tags": dict(request.tags),
            }
            for request in result.run_requests
        ],
        "skip_reason": result.skip_reason,
        "cursor": result.cursor,
        "error": None if result.error is None else result.error.to_string(),
    }


def _tick_row(tick: InstigatorTick) -> list[str]:
    data = tick.tick_data
    took = "" if data.end_timestamp is None else duration(max(0.0, data.end_timestamp - data.timestamp))
    note = data.skip_reason or ("" if data.error is None else data.error.message.strip())
    return [
        str(tick.tick_id),
        date_and_clock(tick.timestamp),
        tick.status.value,
        took,
        _runs(data.run_ids),
        note[:_NOTE_LENGTH],
    ]


def _tick_as_json(tick: InstigatorTick) -> dict[str, Any]:
    data = tick.tick_data
    return {
        "tick_id": tick.tick_id,
        "due": iso(tick.timestamp),
        "ended": iso(data.end_timestamp),
        "status": tick.status.value,
        "run_ids": list(data.run_ids),
        "run_keys": list(data.run_keys),
        "skip_reason": data.skip_reason,
        "cursor": data.cursor,
        "failure_count": data.failure_count,
        "error": None if data.error is None else data.error.to_string(),
    }


def _runs(run_ids: Sequence[str]) -> str:
    shown = [run_id[:SHORT_ID] for run_id in run_ids[:_SHOWN_RUNS]]
    return " ".join([*shown, "…"] if len(run_ids) > _SHOWN_RUNS else shown)


def _pairs(tags: dict[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in tags.items())
