"""`runrack daemon status`."""

from __future__ import annotations

import time
from typing import Any

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.display import escape_line
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.moment import duration, iso
from runrack.cli.output.table import print_table
from runrack.daemon.health import LoopHealth, check_health

_HEADER = ("LOOP", "STATE", "HEARTBEAT", "PROGRESS", "DAEMON", "PROBLEM")
_SHORT_ID = 8


@click.command
@json_option
def command(as_json: bool) -> None:
    """Show how the loops of the daemon get on; exit with 1 unless all are well.

    Only the loops count that `daemon.required_loops` of runrack.yaml names; all of them when it names none.
    """
    now = time.time()
    with open_instance() as instance:
        loops = check_health(instance, now)
    is_healthy = not any(loop.problem and loop.is_required for loop in loops)
    if as_json:
        print_json({"healthy": is_healthy, "loops": [_as_json(loop) for loop in loops]})
    else:
        print_table(_HEADER, [_row(loop, now) for loop in loops])
        for loop in loops:
            for error in loop.errors:
                click.echo(f"{loop.name}: {escape_line(error.message.strip())}")
        if all(loop.last_heartbeat is None for loop in loops):
            click.echo("\nNo daemon has run yet. `runrack daemon run` starts one.")
    if not is_healthy:
        raise click.exceptions.Exit(1)


def _row(loop: LoopHealth, now: float) -> list[str]:
    state = "ok" if loop.problem is None else "failed" if loop.is_required else "off"
    return [
        loop.name,
        state,
        _ago(loop.last_heartbeat, now),
        _ago(loop.last_progress, now),
        (loop.daemon_id or "")[:_SHORT_ID],
        loop.problem or "",
    ]


def _ago(moment: float | None, now: float) -> str:
    return "never" if moment is None else f"{duration(max(0.0, now - moment))} ago"


def _as_json(loop: LoopHealth) -> dict[str, Any]:
    return {
        "name": loop.name,
        "healthy": loop.problem is None,
        "required": loop.is_required,
        "problem": loop.problem,
        "daemon_id": loop.daemon_id,
        "last_heartbeat": iso(loop.last_heartbeat),
        "last_progress": iso(loop.last_progress),
        "errors": [error.message.strip() for error in loop.errors],
    }
