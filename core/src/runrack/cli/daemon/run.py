"""`runrack daemon run`."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import click

from runrack.cli.daemon.log import LOG_FORMATS, log_lines
from runrack.cli.open_instance import open_instance
from runrack.cli.open_workspace import open_workspace, workspace_option
from runrack.daemon.daemon import Daemon

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@click.command
@workspace_option
@click.option("--once", is_flag=True, help="Do one round of every loop, and exit.")
@click.option(
    "--log-format", type=click.Choice(LOG_FORMATS), default="text", show_default=True, help="How to log."
)
def command(workspace_file: Path | None, once: bool, log_format: str) -> None:
    """Run the background work: the queue, schedules and sensors, monitoring, retention.

    SIGTERM or Ctrl-C lets what is under way end; a second one does not wait for it. Runs go on without the daemon.
    """
    with ExitStack() as stack:
        stack.enter_context(log_lines(log_format))
        instance = stack.enter_context(open_instance())
        workspace = stack.enter_context(open_workspace(instance, workspace_file))
        daemon = Daemon(instance, workspace)
        stack.callback(daemon.close)
        stack.enter_context(_stopping_on_signals(daemon))
        is_well = daemon.run_once() if once else daemon.run()
        if daemon.running_loops:
            _leave_at_once(is_well)
    if not is_well:
        raise click.exceptions.Exit(1)


@contextmanager
def _stopping_on_signals(daemon: Daemon) -> Iterator[None]:
    def stop(number: int, _frame: FrameType | None) -> None:
        if daemon.was_asked_to_stop:
            os._exit(128 + number)
        daemon.ask_to_stop()

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave_at_once(is_well: bool) -> None:
    """End the process although threads are at work: closing what they use would only make them fail."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0 if is_well else 1)
