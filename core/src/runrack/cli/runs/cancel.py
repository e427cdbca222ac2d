"""`runrack runs cancel`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.display import escape_line
from runrack.cli.runs.run_reference import find_run
from runrack.instance.instance import Instance


@click.command
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
def command(runs: Sequence[str]) -> None:
    """Cancel runs that wait or are in progress.

    RUN is a run id, the beginning of one (at least 4 characters), or `last`. Exits with 1 when one of them cannot be
    canceled.
    """
    with open_instance() as instance:
        run_ids = dict.fromkeys(find_run(instance, run).run.run_id for run in runs)
        are_canceled = [_cancel(instance, run_id) for run_id in run_ids]
    if not all(are_canceled):
        raise click.exceptions.Exit(1)


def _cancel(instance: Instance, run_id: str) -> bool:
    """Cancel a run, say what came of it, and tell whether it was canceled or is about to be."""
    is_canceled = instance.cancel_run(run_id)
    run = instance.get_run_by_id(run_id)
    state = "gone" if run is None else run.status.value
    told = f"{escape_line(run_id)} is {state}"
    click.echo(told if is_canceled else f"not canceled: {told}", err=not is_canceled)
    return is_canceled
