"""How a run is shown while it runs in this process: on which stream, and live or line by line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

from runrack.cli.runs.progress import PlainProgress, Progress, StepOutput


@contextmanager
def show_progress(step_count: int, *, as_json: bool) -> Iterator[Progress]:
    """Return a context that shows a run; what its steps write is shown by it as well, line by line.

    Args:
        step_count: How many steps the run has, as far as that is known.
        as_json: Whether stdout is kept for JSON: the run is then shown on stderr.
    """
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
    from runrack.cli.runs.live_progress import LiveProgress

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
