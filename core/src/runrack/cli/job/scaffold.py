"""`runrack job scaffold`."""

from __future__ import annotations

from pathlib import Path

import click

from runrack.cli.job.choice import load_chosen_job
from runrack.cli.job.configured_job import executor_option, given_config_field
from runrack.cli.open_instance import open_instance
from runrack.cli.open_workspace import WorkspaceOpener, workspace_option
from runrack.cli.output.display import escape, escape_line
from runrack.config.scaffold import scaffold_yaml
from runrack.config.vocabulary import Shape


@click.command
@click.argument("target", metavar="FILE|MODULE|LOCATION[:JOB]")
@workspace_option
@executor_option
def command(target: str, workspace_file: Path | None, executor: str | None) -> None:
    """Print a run configuration to fill in.

    What must be given has a value of its type, all else is commented out and shows its default. The text fits the job as
    it stands: `runrack run TARGET -c run.yaml` takes it.
    """
    with WorkspaceOpener(open_instance, workspace_file) as opener:
        job = load_chosen_job(opener, target).job.get_definition()
    schema = given_config_field(job, executor).config_type
    lines = scaffold_yaml(schema) if isinstance(schema, Shape) else ""
    click.echo(f"# The run configuration of job {escape_line(job.name)}.")
    click.echo(escape(lines) if lines else "# Nothing has to be given, and nothing can be.\n", nl=False)
