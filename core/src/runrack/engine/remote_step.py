"""A step that is executed in another process, as the run's own process sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runrack.definitions.user_stack import user_error_info
from runrack.engine.run_context import RunContext
from runrack.engine.step_context import StepContext
from runrack.engine.step_retry import seconds_until_retry
from runrack.errors import UnmetExecutorRequirementsError
from runrack.interfaces.executor import ExecutionStep
from runrack.interfaces.step_launcher import StepRunRef
from runrack.records.event import Event, EventLogEntry
from runrack.records.event_data import StepFailureData, StepRetryData
from runrack.records.event_type import EventType


def make_step_run_ref(context: RunContext, step: ExecutionStep) -> StepRunRef:
    """Return what another process needs in order to execute a step of the run.

    Raises:
        UnmetExecutorRequirementsError: Another process cannot load the job.
        InvariantViolationError: Another process cannot open the instance.
    """
    origin = context.run.job_code_origin
    if origin is None:
        raise UnmetExecutorRequirementsError(
            f"step {step.key!r} is to be executed in another process, which cannot load the job: define the job at the top"
            " level of a module and pass reconstructable(job)"
        )
    return StepRunRef(
        context.run_config,
        context.run,
        step.key,
        context.retry_mode.for_inner_plan(),
        origin,
        context.instance.get_ref().to_dict(),
        context.active.known_state_for(context.plan.get_step(step.key)),
        context.instance.plugin_set,
    )


def relay_entries(context: RunContext, entries: Iterable[EventLogEntry]) -> Iterator[Event]:
    """Yield the events among entries that another process wrote, and write the messages to the run's log."""
    for entry in entries:
        if entry.event is not None:
            yield entry.event
        else:
            context.writer.write_message(
                entry.user_message, entry.level, entry.step_key, entry.error_info, entry.timestamp
            )


def lost_step_event(context: RunContext, step: ExecutionStep, error: Exception) -> Event:
    """Return the end of an attempt whose process has ended without one: the step failed, or is to be tried again."""
    step_context = StepContext(context, context.plan.get_step(step.key))
    seconds = seconds_until_retry(step_context, error)
    info = user_error_info(error)
    if seconds is None:
        return step_context.event(
            EventType.STEP_FAILURE, f"Step {step.key!r} failed. {error}", StepFailureData(info)
        )
    message = f"Step {step.key!r} is tried again in {seconds:.3g} s. {error}"
    return step_context.event(EventType.STEP_UP_FOR_RETRY, message, StepRetryData(info, seconds))
