"""`runrack backfill start`."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import click

from runrack.cli.instigator.choice import opened
from runrack.cli.job.choice import find_job
from runrack.cli.open_workspace import workspace_option
from runrack.cli.output.json_output import json_option, print_json
from runrack.errors import InvalidArgumentError
from runrack.instance.backfill import choose_partitions, make_backfill_runs


@click.command
@click.argument("job")
@workspace_option
@click.option(
    "--partitions",
    required=True,
    metavar="KEYS",
    help="FIRST...LAST (both included), keys with commas, or all.",
)
@click.option("--resume", "backfill_id", metavar="ID", help="Go on with a backfill that was interrupted.")
@click.option("--dry-run", is_flag=True, help="Show the partitions, and make no run.")
@json_option
def command(
    job: str,
    workspace_file: Path | None,
    partitions: str,
    backfill_id: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Submit a run for each of many partitions of a job."""
    with opened(workspace_file) as (instance, workspace):
        location, info = find_job(workspace, job)
        if not info.has_partitions:
            raise InvalidArgumentError(f"job {info.name!r} has no partitions: give it a partitions_def")
        known = location.get_partition_keys(info.name, instance.get_ref().to_dict())
        keys = choose_partitions(known, partitions)
        chosen_id = backfill_id or uuid4().hex[:12]
        if dry_run:
            _show(
                as_json,
                {"partitions": keys, "runs": 0},
                "\n".join([*keys, f"{len(keys)} partitions; no run was made."]),
            )
            return
        made = list(make_backfill_runs(instance, workspace, location, info, keys, chosen_id))
    new = sum(is_new for _, is_new in made)
    _show(
        as_json,
        {"backfill_id": chosen_id, "partitions": keys, "runs": new},
        f"Backfill {chosen_id}: {new} new runs of {len(keys)} partitions were submitted."
        f"\nSee how it gets on: runrack backfill status {chosen_id}",
    )


def _show(as_json: bool, facts: object, text: str) -> None:
    if as_json:
        print_json(facts)
    else:
        click.echo(text)
