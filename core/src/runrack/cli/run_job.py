"""`runrack run`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO
from uuid import uuid4

import click

from runrack.cli.display import escape_line
from runrack.cli.failure import FAILED, INTERRUPTED
from runrack.cli.json_output import json_option, print_json
from runrack.cli.key_value import tag_option
from runrack.cli.open_instance import open_or_make_instance
from runrack.cli.progress import PlainProgress, Progress, StepOutput
from runrack.cli.run_configuration import load_run_configuration
from runrack.cli.run_view import SHORT_ID, run_as_json, run_duration
from runrack.cli.table import colored
from runrack.definitions.job_target import load_job_target
from runrack.engine.execution import execute_prepared_job
from runrack.engine.prepared_job import PreparedJob, prepare_job
from runrack.errors import ExecutionInterruptedError, RunNotFoundError
from runrack.instance.instance import Instance
from runrack.records.run import RunRecord


@click.command
@click.argument("target", metavar="FILE|MODULE[:JOB]")
@click.option(
    "-c",
    "--config",
    "files",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="A YAML file with the run configuration; may be repeated, a later file wins over an earlier one.",
)
@click.option("--config-json", metavar="TEXT", help="Run configuration as JSON; wins over the files.")
@tag_option
@click.option("--run-id", help="The id of the run, a UUID; a new one when left out.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    files: Sequence[Path],
    config_json: str | None,
    tags: Sequence[tuple[str, str]],
    run_id: str | None,
    as_json: bool,
) -> None:
    """Run a job and show its progress.

    The job is named by a Python file or a module, with its name after a colon where there are several. On a terminal the
    progress is live, elsewhere it is one line for each thing that happens. With --json, the progress goes to stderr.
    """
    configuration = load_run_configuration(files, config_json)
    _import_from_here()
    job = load_job_target(target)
    with open_or_make_instance() as instance:
        prepared = prepare_job(job, instance, configuration.value, document=configuration.document)
        chosen_id = run_id or str(uuid4())
        exit_code = _execute(instance, prepared, dict(tags), chosen_id, as_json=as_json)
        record = instance.get_run_record_by_id(chosen_id)
    if record is None:
        raise RunNotFoundError(chosen_id)
    if as_json:
        print_json(run_as_json(record))
    else:
        _print_summary(record)
    ctx.exit(exit_code)


def _import_from_here() -> None:
    here = os.getcwd()  # noqa: PTH109 - a string is what sys.path holds
    if here not in sys.path:
        sys.path.insert(0, here)


def _execute(
    instance: Instance, prepared: PreparedJob, tags: dict[str, str], run_id: str, *, as_json: bool
) -> int:
    """Run the job, showing its progress, and return the exit code."""
    with _progress(len(prepared.plan.steps), as_json=as_json) as progress:
        instance.add_event_listener(run_id, progress.show_entry)
        try:
            result = execute_prepared_job(prepared, instance, tags, run_id)
        except ExecutionInterruptedError:
            return INTERRUPTED
    return 0 if result.success else FAILED


@contextmanager
def _progress(step_count: int, *, as_json: bool) -> Iterator[Progress]:
    """Return a context that shows a run; what its steps write is shown by it as well, line by line."""
    with _own_stream(sys.stderr if as_json else sys.stdout) as stream:
        progress = _choose_progress(stream, step_count, as_json=as_json)
        out, err = StepOutput(progress), StepOutput(progress)
        try:
            with redirect_stdout(out), redirect_stderr(err):
                yield progress
        finally:
            out.end()
            err.end()
            progress.close()


def _choose_progress(stream: TextIO, step_count: int, *, as_json: bool) -> Progress:
    if as_json or not stream.isatty() or os.environ.get("TERM") == "dumb":
        return PlainProgress(stream)
    from runrack.cli.live_progress import LiveProgress

    return LiveProgress(stream, step_count)


@contextmanager
def _own_stream(stream: TextIO) -> Iterator[TextIO]:
    """Return a context with a stream to where `stream` leads now: while a step runs, descriptors 1 and 2 lead into its log."""
    stream.flush()
    try:
        descriptor = os.dup(stream.fileno())
    except OSError:  # a stream of a test, without a descriptor
        yield stream
        return
    with os.fdopen(descriptor, "w", buffering=1, encoding=stream.encoding, errors="backslashreplace") as own:
        yield own


def _print_summary(record: RunRecord) -> None:
    run = record.run
    short = escape_line(run.run_id[:SHORT_ID])
    took = run_duration(record)
    click.echo(
        f"{colored(run.status.value)} job {escape_line(run.job_name)}, run {escape_line(run.run_id)}"
        + (f", {took}" if took else "")
        + f". Look further: runrack events {short} · runrack logs {short}"
    )
