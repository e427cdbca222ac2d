"""`runrack run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from runrack.cli.failure import FAILED, INTERRUPTED
from runrack.cli.job.import_path import import_from_here
from runrack.cli.open_instance import open_or_make_instance
from runrack.cli.open_workspace import WorkspaceOpener, workspace_option
from runrack.cli.output.json_output import json_option
from runrack.cli.runs.follow_run import follow_run, show_end
from runrack.cli.runs.key_value import tag_option
from runrack.cli.runs.option_group import GroupedCommand, GroupedOption
from runrack.cli.runs.run_configuration import load_run_configuration
from runrack.cli.runs.run_display import show_progress
from runrack.cli.runs.run_request import RunRequest, tags_with_partition
from runrack.engine.execution import execute_prepared_job
from runrack.engine.prepared_job import PreparedJob
from runrack.errors import ExecutionInterruptedError
from runrack.instance.instance import Instance


def _option(group: str, *names: str, **attributes: Any) -> Callable[[Any], Any]:
    return click.option(*names, cls=GroupedOption, group=group, **attributes)


_WHAT, _HOW, _AGAIN = "What to run", "How to run it", "Take up an earlier run"


@click.command(cls=GroupedCommand)
@click.argument("target", metavar="FILE|MODULE|LOCATION[:JOB]", required=False)
@_option(
    _WHAT, "--steps", metavar="SELECTION", help="Only these steps: 'a', '*a' (all it needs), 'a*', 'a+'."
)
@_option(
    _WHAT, "--asset", "assets", metavar="SELECTION", help="Make these assets of the file or module; '*': all."
)
@_option(_WHAT, "--partition", metavar="KEY", help="The partition to make.")
@_option(_AGAIN, "--from-failure", metavar="RUN", help="Execute what did not succeed in this run.")
@_option(_AGAIN, "--reexecute", metavar="RUN", help="Execute this run once more, or its --steps.")
@_option(
    _HOW,
    "-c",
    "--config",
    "files",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="A YAML file with the run configuration; may be repeated, a later file wins over an earlier one.",
)
@_option(_HOW, "--config-json", metavar="TEXT", help="Run configuration as JSON; wins over the files.")
@_option(_HOW, "--executor", metavar="NAME", help="Execute the steps with this executor.")
@_option(_HOW, "--dry-run", is_flag=True, help="Check everything and show the plan; run and store nothing.")
@_option(_HOW, "--launch", is_flag=True, help="Submit the run, and follow it until it is over.")
@tag_option
@workspace_option
@click.option("--run-id", metavar="ID", help="The id of the run, a UUID; a new one when left out.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    target: str | None,
    files: Sequence[Path],
    config_json: str | None,
    partition: str | None,
    dry_run: bool,
    launch: bool,
    tags: Sequence[tuple[str, str]],
    workspace_file: Path | None,
    run_id: str | None,
    as_json: bool,
    **chosen: str | None,
) -> None:
    """Run a job and show its progress.

    The job is named by a Python file, a module or a location of the workspace, with its name after a colon where there are
    several; it may be left out when an earlier run is taken up. The job runs in this process, or, with --launch, in one
    that the run launcher starts. On a terminal the progress is live, elsewhere it is one line for each thing
    that happens. With --json, the progress goes to stderr.
    """
    configuration = load_run_configuration(files, config_json)
    request = RunRequest(target=target, configuration=configuration, **chosen)
    import_from_here()
    with open_or_make_instance() as instance, WorkspaceOpener.of(instance, workspace_file) as opener:
        prepared, origin = request.prepare(instance, opener)
        job = prepared.plan.job
        has_any = job.partitions_def is not None
        given_tags = tags_with_partition(job.name, dict(tags), partition, has_any=has_any)
        if dry_run:
            _show_plan(instance, prepared, given_tags, as_json=as_json)
            return
        chosen_id = run_id or str(uuid4())
        if launch:
            prepared.create_run(instance, given_tags, chosen_id, origin)
            instance.submit_run(chosen_id, opener())
            exit_code = follow_run(instance, chosen_id, len(prepared.plan.steps), as_json=as_json)
        else:
            exit_code = _execute(instance, prepared, given_tags, chosen_id, as_json=as_json)
        show_end(instance.get_run_record_by_id(chosen_id), chosen_id, as_json=as_json)
    ctx.exit(exit_code)


def _show_plan(instance: Instance, prepared: PreparedJob, tags: dict[str, str], *, as_json: bool) -> None:
    from runrack.cli.runs.plan_view import print_plan

    print_plan(prepared, prepared.tags_of_run(instance, tags), as_json=as_json)


def _execute(
    instance: Instance, prepared: PreparedJob, tags: dict[str, str], run_id: str, *, as_json: bool
) -> int:
    """Run the job, showing its progress, and return the exit code."""
    with show_progress(len(prepared.plan.steps), as_json=as_json) as progress:
        instance.add_event_listener(run_id, progress.show_entry)
        try:
            result = execute_prepared_job(prepared, instance, tags, run_id)
        except ExecutionInterruptedError:
            return INTERRUPTED
    return 0 if result.success else FAILED
