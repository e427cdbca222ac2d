"""`runrack queue`."""

from __future__ import annotations

import time
from typing import Any

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.moment import duration, iso
from runrack.cli.output.table import print_table
from runrack.cli.runs.run_view import SHORT_ID, run_as_json
from runrack.instance.queue_report import QueueReport, WaitingRun, report_queue
from runrack.records.tags import priority_of

_HEADER = ("RUN", "JOB", "PRIORITY", "WAITING", "WHY")


@click.command
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=25, show_default=True, help="At most this many runs."
)
@json_option
def command(limit: int, as_json: bool) -> None:
    """Show the runs that wait to be launched, in their turn, and why they wait."""
    with open_instance() as instance:
        report = report_queue(instance, limit)
    if as_json:
        print_json(_as_json(report))
        return
    if report.runs:
        print_table(_HEADER, [_row(run) for run in report.runs])
        click.echo()
    waiting = "No run waits." if report.queued == 0 else f"{_runs(report.queued)} in the queue."
    click.echo(f"{waiting} In progress: {report.in_progress}.")


def _row(waiting: WaitingRun) -> list[str]:
    run = waiting.record.run
    return [
        run.run_id[:SHORT_ID],
        run.job_name,
        str(priority_of(run.tags)),
        duration(max(0.0, time.time() - waiting.since)),
        waiting.reason,
    ]


def _as_json(report: QueueReport) -> dict[str, Any]:
    runs = [
        {
            **run_as_json(waiting.record),
            "queued_at": iso(waiting.since),
            "priority": priority_of(waiting.record.run.tags),
            "reason": waiting.reason,
        }
        for waiting in report.runs
    ]
    return {"queued": report.queued, "in_progress": report.in_progress, "runs": runs}


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
