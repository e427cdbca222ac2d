"""`runrack job schema`."""

from __future__ import annotations

from pathlib import Path

import click

from runrack.cli.job.choice import load_chosen_job
from runrack.cli.job.configured_job import executor_option, given_config_field
from runrack.cli.open_instance import open_instance
from runrack.cli.open_workspace import WorkspaceOpener, workspace_option
from runrack.cli.output.json_output import print_json
from runrack.config.vocabulary import json_schema


@click.command
@click.argument("target", metavar="FILE|MODULE|LOCATION[:JOB]")
@workspace_option
@executor_option
def command(target: str, workspace_file: Path | None, executor: str | None) -> None:
    """Print the JSON Schema of the run configuration of a job.

    An editor that is given it completes keys and marks mistakes.
    """
    with WorkspaceOpener(open_instance, workspace_file) as opener:
        job = load_chosen_job(opener, target).job.get_definition()
    print_json(json_schema(given_config_field(job, executor)))
