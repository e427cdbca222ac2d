"""`runrack runs submit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from runrack.cli.job.choice import ChosenJob, choose_job
from runrack.cli.open_instance import open_or_make_instance
from runrack.cli.open_workspace import WorkspaceOpener, workspace_option
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.runs.follow_run import follow_run, show_end
from runrack.cli.runs.key_value import tag_option
from runrack.cli.runs.run_configuration import RunConfiguration, load_run_configuration
from runrack.cli.runs.run_request import tags_with_partition
from runrack.cli.runs.run_view import run_as_json
from runrack.engine.prepared_job import prepare_job
from runrack.instance.instance import Instance
from runrack.records.run import Run


@click.command
@click.argument("target", metavar="[LOCATION:]JOB|FILE|MODULE[:JOB]")
@click.option(
    "-c",
    "--config",
    "files",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="A YAML file with the run configuration; may be repeated, a later file wins over an earlier one.",
)
@click.option("--config-json", metavar="TEXT", help="Run configuration as JSON; wins over the files.")
@click.option("--partition", metavar="KEY", help="The partition to make.")
@tag_option
@workspace_option
@click.option("--run-id", metavar="ID", help="The id of the run, a UUID; a new one when left out.")
@click.option("--follow", is_flag=True, help="Show what happens to the run until it is over.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    target: str,
    files: Sequence[Path],
    config_json: str | None,
    partition: str | None,
    tags: Sequence[tuple[str, str]],
    workspace_file: Path | None,
    run_id: str | None,
    follow: bool,
    as_json: bool,
) -> None:
    """Submit a run to the run coordinator and print its id.

    The job is one of the workspace, or one of a file or module. The run gets a process of its own, from the launcher or,
    with a queue, from a daemon; it goes on when this command ends. With --follow, the exit code is that of the run.
    """
    configuration = load_run_configuration(files, config_json)
    with (
        open_or_make_instance() as instance,
        WorkspaceOpener.of(instance, workspace_file) as opener,
    ):
        chosen = choose_job(opener, target)
        run, step_count = _store_run(instance, chosen, configuration, (dict(tags), partition), run_id)
        instance.submit_run(run.run_id, opener())
        if not follow:
            record = instance.get_run_record_by_id(run.run_id)
            if as_json and record is not None:
                print_json(run_as_json(record))
            else:
                click.echo(run.run_id)
            return
        exit_code = follow_run(instance, run.run_id, step_count, as_json=as_json)
        show_end(instance.get_run_record_by_id(run.run_id), run.run_id, as_json=as_json)
    ctx.exit(exit_code)


def _store_run(
    instance: Instance,
    chosen: ChosenJob,
    configuration: RunConfiguration,
    labels: tuple[Mapping[str, str], str | None],
    run_id: str | None,
) -> tuple[Run, int]:
    """Store a run of a job, and return it and how many steps it has, as far as is known; what can be checked in this process is checked first.

    Args:
        instance: Where it is stored.
        chosen: The job.
        configuration: Its run configuration.
        labels: Its tags, and its partition.
        run_id: A UUID; a new one when left out.
    """
    tags, partition = labels
    if chosen.info is not None and not chosen.can_be_loaded_here:
        info = chosen.info
        run = instance.create_run(
            job_name=info.name,
            run_id=run_id,
            run_config=configuration.value,
            tags={
                **info.tags,
                **tags_with_partition(info.name, tags, partition, has_any=info.has_partitions),
            },
            job_snapshot=info.snapshot,
            remote_job_origin=chosen.origin,
            job_code_origin=info.code_origin,
        )
        return run, len(info.snapshot.ops)
    prepared = prepare_job(chosen.job, instance, configuration.value, document=configuration.document)
    job = prepared.plan.job
    all_tags = tags_with_partition(job.name, tags, partition, has_any=job.partitions_def is not None)
    return prepared.create_run(instance, all_tags, run_id, chosen.origin), len(prepared.plan.steps)
