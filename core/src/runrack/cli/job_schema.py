"""`runrack job schema`."""

from __future__ import annotations

import click

from runrack.cli.configured_job import executor_option, given_config_field
from runrack.cli.import_path import import_from_here
from runrack.cli.json_output import print_json
from runrack.config.vocabulary import json_schema
from runrack.definitions.job_target import load_job_target


@click.command
@click.argument("target", metavar="FILE|MODULE[:JOB]")
@executor_option
def command(target: str, executor: str | None) -> None:
    """Print the JSON Schema of the run configuration of a job.

    An editor that is given it completes keys and marks mistakes.
    """
    import_from_here()
    job = load_job_target(target).get_definition()
    print_json(json_schema(given_config_field(job, executor)))
