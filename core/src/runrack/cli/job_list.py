"""`runrack job list`."""

from __future__ import annotations

import click

from runrack.cli.import_path import import_from_here
from runrack.cli.json_output import json_option, print_json
from runrack.cli.table import print_table
from runrack.definitions.job import JobDefinition
from runrack.definitions.job_target import list_jobs


@click.command
@click.argument("target", metavar="FILE|MODULE")
@json_option
def command(target: str, as_json: bool) -> None:
    """List the jobs of a file or module."""
    import_from_here()
    jobs = list_jobs(target)
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
