"""What the process of one step does, from its start to its end."""

from __future__ import annotations

import signal
import socket
import sys

from runrack.engine import StepWorker, leave, receive_message, report_step_failure
from runrack.errors import ExecutionInterruptedError
from runrack.interfaces.step_launcher import StepRunRef
from runrack_process.lifeline import hang_on

SUCCESS, INTERRUPTED = 0, 128 + signal.SIGTERM


def execute_one_step(
    channel: socket.socket, worker: StepWorker | None = None, *, launches_steps: bool = True
) -> int:
    """Execute the step whose reference comes through the channel, and return what the process is to exit with.

    Args:
        channel: A stream socket to the run's process.
        worker: What has loaded the job already; the job is loaded here otherwise.
        launches_steps: Whether a step whose op requires a StepLauncher is handed on to it.
    """
    try:
        ref = StepRunRef.from_json(receive_message(channel))
        try:
            worker = worker or StepWorker(ref)
        except Exception as error:  # noqa: BLE001 - the user's code is loaded here and raises what it likes
            report_step_failure(ref, channel, error)
        else:
            worker.execute(ref, channel, launches_steps=launches_steps)
    except (ExecutionInterruptedError, KeyboardInterrupt, EOFError):
        return INTERRUPTED
    return SUCCESS


def main() -> None:
    """Execute one step in a new interpreter; its argument is the descriptor of the channel."""
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        channel.set_inheritable(False)
        status = execute_one_step(channel)
    leave(status)


def main_for_launcher() -> None:
    """Execute one step in the interpreter that a launcher has chosen; its arguments are the channel and the lifeline."""
    channel, lifeline = map(int, sys.argv[1:])
    hang_on(lifeline)
    with socket.socket(fileno=channel) as connected:
        connected.set_inheritable(False)
        status = execute_one_step(connected, launches_steps=False)
    leave(status)
