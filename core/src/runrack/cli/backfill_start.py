"""`runrack backfill start`."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import click

from runrack.cli.instigator_choice import opened
from runrack.cli.json_output import json_option, print_json
from runrack.cli.open_workspace import workspace_option
from runrack.config.problem import nearest
from runrack.errors import InvalidArgumentError, NotFoundError
from runrack.instance.backfill import choose_partitions, make_backfill_runs
from runrack.interfaces.workspace import CodeLocation, JobInfo, Workspace


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
        location, info = _find_job(workspace, job)
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


def _find_job(workspace: Workspace, name: str) -> tuple[CodeLocation, JobInfo]:
    locations = [workspace.get_location(each) for each in workspace.location_names]
    jobs = [(location, info) for location in locations for info in location.get_contents().jobs]
    found = [each for each in jobs if name in {each[1].name, f"{each[0].name}:{each[1].name}"}]
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(f"{location.name}:{info.name}" for location, info in found)
        raise NotFoundError(f"several locations have a job {name!r}: write one of {places}")
    near = nearest(name, [info.name for _, info in jobs])
    hint = f"; did you mean {near!r}?" if near else ""
    raise NotFoundError(f"the workspace has no job {name!r}{hint}")
