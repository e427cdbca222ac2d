"""`runrack runs delete`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.display import escape_line
from runrack.cli.runs.run_reference import find_run
from runrack.errors import ConflictError, InvalidArgumentError
from runrack.instance.instance import Instance
from runrack.records.run import RunRecord


@click.command
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Also delete runs that are not finished.")
def command(runs: Sequence[str], yes: bool, force: bool) -> None:
    """Delete runs with their events and captured output.

    RUN is a run id, the beginning of one (at least 4 characters), or `last`.
    """
    with open_instance() as instance:
        found = {record.run.run_id: record for record in (find_run(instance, run) for run in runs)}
        if not force:
            _refuse_unfinished(list(found.values()))
        if not yes:
            _ask(list(found.values()))
        for run_id in found:
            _delete(instance, run_id)


def _refuse_unfinished(records: Sequence[RunRecord]) -> None:
    open_runs = [record.run for record in records if not record.run.is_finished]
    if open_runs:
        listed = "".join(f"\n  {run.run_id} {run.status.value}" for run in open_runs)
        raise ConflictError(
            f"these runs are not finished, and deleting them does not stop them; --force deletes them:{listed}"
        )


def _ask(records: Sequence[RunRecord]) -> None:
    if not sys.stdin.isatty():
        raise InvalidArgumentError("nobody can be asked here: confirm the deletion with --yes")
    for record in records:
        run = record.run
        click.echo(f"{escape_line(run.run_id)}  {run.status.value}  {escape_line(run.job_name)}")
    runs = "this run" if len(records) == 1 else f"these {len(records)} runs"
    click.confirm(f"Delete {runs} with events and captured output for good?", abort=True)


def _delete(instance: Instance, run_id: str) -> None:
    instance.delete_run(run_id)
    instance.compute_log_manager.delete_logs(prefix=(run_id,))
    click.echo(f"deleted {escape_line(run_id)}")
