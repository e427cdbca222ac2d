"""Jobs for tests of run launchers. They tell through their instance that they are there, and wait until they may go on.

So a worker and a test need nothing in common but the instance: no folder, no pipe, not even the machine.
"""

import time

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.engine import OpExecutionContext

ARRIVED = "The worker is there."
"""What the log of a run says when a worker executes it, each time."""

FIRST_STEP = "The first step is executed."
"""What the log of a run of `waiting` says each time that its first step is."""

MAY_GO = "runrack_conformance/may_go"
"""The tag for which a run of `waiting` waits."""

MAX_WAIT_SECONDS = 60.0
"""How long it waits at most: a test that was killed leaves no process behind for good."""


def _say(context: OpExecutionContext, message: str) -> None:
    context.instance.report_engine_event(message, run_id=context.run_id, job_name=context.job_name)


@op
def arrive(context: OpExecutionContext) -> None:
    """Tell that a worker is there."""
    _say(context, ARRIVED)


@op
def first(context: OpExecutionContext) -> int:
    """Tell that the first step is executed."""
    _say(context, FIRST_STEP)
    return 1


@op
def wait(context: OpExecutionContext, number: int) -> int:
    """Tell that a worker is there, and wait until it may go on."""
    _say(context, ARRIVED)
    ends = time.monotonic() + MAX_WAIT_SECONDS
    while time.monotonic() < ends:
        run = context.instance.get_run_by_id(context.run_id)
        if run is None or MAY_GO in run.tags:
            break
        time.sleep(0.01)
    return number + 1


@op
def fail(context: OpExecutionContext) -> None:
    """Tell that a worker is there, and fail."""
    _say(context, ARRIVED)
    raise ValueError("this op fails")


@job
def quick() -> None:
    """Succeeds at once."""
    arrive()


@job
def waiting() -> None:
    """Waits in its second step."""
    wait(first())


@job
def failing() -> None:
    """Fails."""
    fail()
