"""`runrack logs`."""

from __future__ import annotations

import sys
import time
from typing import NamedTuple

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.display import escape, escape_line
from runrack.cli.runs.captured_output import CapturedStream, CapturedStreams
from runrack.cli.runs.events import POLL_SECONDS
from runrack.cli.runs.run_reference import find_run
from runrack.errors import LogNotFoundError
from runrack.instance.instance import Instance
from runrack.interfaces.compute_log_manager import ComputeIOType


@click.command
@click.argument("run")
@click.argument("step", required=False)
@click.option("--stdout", "io_type", flag_value=ComputeIOType.STDOUT, type=ComputeIOType, help="Only stdout.")
@click.option("--stderr", "io_type", flag_value=ComputeIOType.STDERR, type=ComputeIOType, help="Only stderr.")
@click.option(
    "--attempt", type=click.IntRange(1), metavar="N", help="Only the Nth attempt at each step, from 1."
)
@click.option("--follow", is_flag=True, help="Go on until the run is finished.")
@click.option(
    "--raw", is_flag=True, help="Write the bytes as they were captured, control characters included."
)
def command(
    run: str,
    step: str | None,
    io_type: ComputeIOType | None,
    attempt: int | None,
    follow: bool,
    raw: bool,
) -> None:
    r"""Show what the steps of a run wrote to stdout and stderr.

    RUN is a run id, the beginning of one (at least 4 characters), or `last`. Without STEP all steps are shown, one after
    the other. Control characters are written out (\x1b), so that captured output cannot steer the terminal.
    """
    with open_instance() as instance:
        run_id = find_run(instance, run).run.run_id
        view = _LogView(instance, run_id, _Wanted(step, io_type, attempt), is_raw=raw)
        view.show()
        while follow and not view.is_over():
            time.sleep(POLL_SECONDS)
            view.show()
        view.finish()


class _Wanted(NamedTuple):
    """What of a run's captured output is shown; None means all."""

    step: str | None
    io_type: ComputeIOType | None
    attempt: int | None

    def takes(self, stream: CapturedStream) -> bool:
        """Tell whether the stream is shown."""
        is_step = self.step is None or self.step in stream.step.split(", ")
        return is_step and self.io_type in {None, stream.io_type} and self.attempt in {None, stream.attempt}


class _LogView:
    """What was shown so far of the captured output of a run."""

    def __init__(self, instance: Instance, run_id: str, wanted: _Wanted, *, is_raw: bool) -> None:
        self._instance = instance
        self._run_id = run_id
        self._wanted = wanted
        self._is_raw = is_raw
        self._streams = CapturedStreams(instance, run_id)
        self._open: dict[tuple[object, ...], CapturedStream] = {}
        self._was_found = False
        self._heading: CapturedStream | None = None
        self._ends_line = True
        self._was_finished = False

    def show(self) -> None:
        """Show what was added to the streams since the last call."""
        self._was_finished = self._is_finished()
        for stream in filter(self._wanted.takes, self._streams.find_begun()):
            self._was_found = True
            self._open[stream.log_key, stream.io_type] = stream
        for place, stream in list(self._open.items()):
            # Asked before reading: what is complete then is read to its end and not looked at again.
            is_complete = self._instance.compute_log_manager.is_capture_complete(stream.log_key)
            for piece in stream.read(self._instance):
                self._write(stream, piece)
            if is_complete:
                del self._open[place]

    def is_over(self) -> bool:
        """Tell whether the run was finished before the last look, so that nothing can be added any more."""
        return self._was_finished

    def finish(self) -> None:
        """End the output with a line break, or say why there is none.

        Raises:
            LogNotFoundError: The step has no log; the message lists those that have one.
        """
        if self._heading is not None:
            if not self._is_raw and not self._ends_line:
                click.echo()
            return
        if self._wanted.step is not None and not self._was_found:
            self._refuse_step(self._wanted.step)
        click.echo("Nothing was written.", err=True)

    def _write(self, stream: CapturedStream, piece: bytes) -> None:
        if self._is_raw:
            self._heading = stream
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            return
        if stream is not self._heading:
            self._write_heading(stream)
        text = escape(stream.decode(piece))
        self._ends_line = text.endswith("\n")
        click.echo(text, nl=False)

    def _write_heading(self, stream: CapturedStream) -> None:
        if not self._ends_line:
            click.echo()
        self._heading = stream
        attempt = f", attempt {stream.attempt}" if stream.attempt > 1 else ""
        if attempt or None in {self._wanted.step, self._wanted.io_type}:
            heading = f"== {escape_line(stream.step)} {stream.io_type.value}{attempt}"
            click.echo(click.style(heading, bold=True))

    def _refuse_step(self, step: str) -> None:
        steps = self._streams.steps
        known = f"these have: {', '.join(steps)}" if steps else "no step of this run has any"
        attempt = "" if self._wanted.attempt is None else f"attempt {self._wanted.attempt} of "
        raise LogNotFoundError(
            f"no output of {attempt}a step {step!r} was captured in run {self._run_id}; {known}"
        )

    def _is_finished(self) -> bool:
        run = self._instance.get_run_by_id(self._run_id)
        return run is None or run.is_finished
