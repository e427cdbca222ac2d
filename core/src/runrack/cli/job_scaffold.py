"""`runrack job scaffold`."""

from __future__ import annotations

import click

from runrack.cli.configured_job import executor_option, given_config_field
from runrack.cli.display import escape, escape_line
from runrack.cli.import_path import import_from_here
from runrack.config.scaffold import scaffold_yaml
from runrack.config.vocabulary import Shape
from runrack.definitions.job_target import load_job_target


@click.command
@click.argument("target", metavar="FILE|MODULE[:JOB]")
@executor_option
def command(target: str, executor: str | None) -> None:
    """Print a run configuration to fill in.

    What must be given has a value of its type, all else is commented out and shows its default. The text fits the job as
    it stands: `runrack run TARGET -c run.yaml` takes it.
    """
    import_from_here()
    job = load_job_target(target).get_definition()
    schema = given_config_field(job, executor).config_type
    lines = scaffold_yaml(schema) if isinstance(schema, Shape) else ""
    click.echo(f"# The run configuration of job {escape_line(job.name)}.")
    click.echo(escape(lines) if lines else "# Nothing has to be given, and nothing can be.\n", nl=False)
