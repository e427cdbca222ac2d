"""`runrack job list`."""

from __future__ import annotations

from pathlib import Path

import click

from runrack.cli.job.choice import list_chosen_jobs
from runrack.cli.open_instance import open_instance
from runrack.cli.open_workspace import WorkspaceOpener, workspace_option
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.table import print_table
from runrack.definitions.job import JobDefinition


@click.command
@click.argument("target", metavar="FILE|MODULE|LOCATION")
@workspace_option
@json_option
def command(target: str, workspace_file: Path | None, as_json: bool) -> None:
    """List the jobs of a file, module or location."""
    with WorkspaceOpener(open_instance, workspace_file) as opener:
        jobs = list_chosen_jobs(opener, target)
    if as_json:
        print_json({"jobs": [_as_json(job) for job in jobs]})
    else:
        print_table(("JOB", "STEPS", "PARTITIONS", "DESCRIPTION"), [_row(job) for job in jobs])


def _as_json(job: JobDefinition) -> dict[str, object]:
    return {
        "name": job.name,
        "description": job.description,
        "steps": len(job.nodes),
        "has_partitions": job.partitions_def is not None,
        "tags": dict(job.tags),
    }


def _row(job: JobDefinition) -> list[str]:
    first_line = (job.description or "").strip().partition("\n")[0]
    return [job.name, str(len(job.nodes)), "yes" if job.partitions_def is not None else "", first_line]
