"""Following a run that another process executes, until it is over."""

from __future__ import annotations

import click

from runrack.cli.failure import FAILED, INTERRUPTED
from runrack.cli.output.display import escape_line
from runrack.cli.output.json_output import print_json
from runrack.cli.output.table import colored
from runrack.cli.runs.events import follow_records
from runrack.cli.runs.run_display import show_progress
from runrack.cli.runs.run_view import SHORT_ID, run_as_json, run_duration
from runrack.errors import RunNotFoundError
from runrack.instance.instance import Instance
from runrack.records.run import RunRecord
from runrack.records.run_status import RunStatus


def follow_run(instance: Instance, run_id: str, step_count: int, *, as_json: bool) -> int:
    """Show what happens to a run until it is over, and return the exit code.

    Ctrl-C ends the showing; the run goes on.
    """
    try:
        with show_progress(step_count, as_json=as_json) as progress:
            for record in follow_records(instance, run_id):
                progress.show_entry(record.event_log_entry)
    except KeyboardInterrupt:
        click.echo(f"The run goes on; to end it: runrack runs cancel {run_id[:SHORT_ID]}", err=True)
        return INTERRUPTED
    run = instance.get_run_by_id(run_id)
    return 0 if run is not None and run.status is RunStatus.SUCCESS else FAILED


def show_end(record: RunRecord | None, run_id: str, *, as_json: bool) -> None:
    """Print what became of a run.

    Raises:
        RunNotFoundError: It is not stored any more.
    """
    if record is None:
        raise RunNotFoundError(run_id)
    if as_json:
        print_json(run_as_json(record))
    else:
        _print_summary(record)


def _print_summary(record: RunRecord) -> None:
    run = record.run
    short = escape_line(run.run_id[:SHORT_ID])
    took = run_duration(record)
    click.echo(
        f"{colored(run.status.value)} job {escape_line(run.job_name)}, run {escape_line(run.run_id)}"
        + (f", {took}" if took else "")
        + f". Look further: runrack events {short} · runrack logs {short}"
    )
