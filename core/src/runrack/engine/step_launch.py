"""Handing a step to the StepLauncher that its op requires, and what a launcher needs for its work."""

from __future__ import annotations

import select
from collections.abc import Iterator

from runrack.engine.remote_step import lost_step_event, make_step_run_ref, relay_entries
from runrack.engine.step_channel import StepChannel
from runrack.engine.step_context import StepContext
from runrack.errors import InvalidArgumentError, InvariantViolationError, StepProcessError
from runrack.interfaces.step_launcher import StepExecutionContext, StepLauncher, StepRunRef
from runrack.records.event import Event
from runrack.records.event_type import EventType

STEP_ENDS = frozenset(
    {EventType.STEP_SUCCESS, EventType.STEP_FAILURE, EventType.STEP_SKIPPED, EventType.STEP_UP_FOR_RETRY}
)
"""The events that say how an attempt at a step has ended."""


def find_launcher(step: StepContext) -> StepLauncher | None:
    """Return the launcher among the resources that the step's op requires; None without one.

    Raises:
        InvariantViolationError: There are two.
    """
    if not step.run_context.launches_steps:
        return None
    keys = sorted(step.definition.required_resource_keys)
    found = {
        key: resource
        for key in keys
        if isinstance(resource := step.run_context.resources.get(key), StepLauncher)
    }
    if len(found) > 1:
        raise InvariantViolationError(
            f"op {step.op_name!r} requires two step launchers, {' and '.join(found)}: one of them can execute its steps"
        )
    return next(iter(found.values()), None)


def launch_step(step: StepContext, launcher: StepLauncher) -> Iterator[Event]:
    """Have a launcher execute a step and yield its events; a launcher that raises or says too little fails the step."""
    has_ended = False
    error: Exception = StepProcessError("Its step launcher did not say how it ended.")
    try:
        for event in launcher.launch_step(step):
            has_ended |= event.event_type in STEP_ENDS and event.step_key == step.step_key
            yield event
    except Exception as caught:  # noqa: BLE001 - a launcher is the user's, and raises what it likes
        error = caught
    if not has_ended:
        yield lost_step_event(step.run_context, step.step, error)


def step_run_ref(step_context: StepExecutionContext) -> StepRunRef:
    """Return what another process needs in order to execute the step that a launcher was given.

    Raises:
        InvalidArgumentError: The argument is not what `StepLauncher.launch_step` was given.
        UnmetExecutorRequirementsError: Another process cannot load the job.
        InvariantViolationError: Another process cannot open the instance.
    """
    step = _as_step_context(step_context)
    return make_step_run_ref(step.run_context, step.step)


def relay_channel(step_context: StepExecutionContext, channel: StepChannel) -> Iterator[Event]:
    """Yield the events of a step that is executed elsewhere, until it has nothing more to say or is gone.

    Raises:
        InvalidArgumentError: The first argument is not what `StepLauncher.launch_step` was given.
    """
    context = _as_step_context(step_context).run_context
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    while not (channel.is_finished or channel.is_closed):
        poll.poll()
        yield from relay_entries(context, channel.receive())
        context.writer.flush()
        channel.confirm()


def _as_step_context(step_context: StepExecutionContext) -> StepContext:
    if not isinstance(step_context, StepContext):
        raise InvalidArgumentError("pass on the step_context that StepLauncher.launch_step was given")
    return step_context
