"""execute_step, execute_plan and their parts: what executors build on."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

from runrack.definitions.output import Failure
from runrack.definitions.user_stack import user_error_info
from runrack.engine.active_execution import StepState
from runrack.engine.log_capture import StepLogCapture
from runrack.engine.plan import JobStep
from runrack.engine.pool_slots import StepLine
from runrack.engine.run_context import RunContext, as_run_context
from runrack.engine.step_context import StepContext
from runrack.engine.step_hooks import call_hooks
from runrack.engine.step_inputs import load_inputs
from runrack.engine.step_launch import find_launcher, launch_step
from runrack.engine.step_outputs import compute
from runrack.engine.step_retry import seconds_until_retry
from runrack.errors import UserCodeExecutionError
from runrack.interfaces.executor import ExecutionPlan, ExecutionStep, PlanOrchestrationContext, RetryMode
from runrack.records.event import Event
from runrack.records.event_data import StepFailureData, StepRetryData, StepSuccessData
from runrack.records.event_type import EventType


def execute_step(plan_context: PlanOrchestrationContext, step: ExecutionStep) -> Iterator[Event]:
    """Execute one step in this process to its end and yield its events, which the executor yields in turn.

    - The resources of the run are set up before the first step of a process.
    - A step that lacks an output of an earlier one (which failed, was skipped, or did not give it) is skipped.
    - A step that is to be tried again is, after its delay, unless an outer executor does that. `attempt_step` leaves it to
      the caller.
    - A step that stands for all items of a dynamic output becomes one step for each, one after the other.
    - What ends the step is an event too: STEP_SUCCESS, STEP_FAILURE or STEP_SKIPPED. Only what concerns more than this
      step is raised.

    Args:
        plan_context: What `Executor.execute` was given.
        step: A step of the plan that it was given.

    Raises:
        ResourceFunctionError: A resource could not be set up.
        InvalidArgumentError: The arguments are not what `Executor.execute` was given.
    """
    context = as_run_context(plan_context)
    found = context.plan.get_step(step.key)
    expanded = context.active.expanded(found) if found.is_expandable else []
    if context.active.state_of(found.key) is StepState.SUCCEEDED:
        for each in expanded:
            yield from execute_step(plan_context, each)
        return
    yield from attempt_step(plan_context, found)
    while _is_to_be_tried_again(context, found):
        _wait(context, context.active.next_retry_in() or 0.0)
        yield from attempt_step(plan_context, found)


def attempt_step(plan_context: PlanOrchestrationContext, step: ExecutionStep) -> Iterator[Event]:
    """Execute one step in this process once and yield its events, which the executor yields in turn.

    As `execute_step`, but a step that is to be tried again ends with STEP_UP_FOR_RETRY: `plan_context.active` tells when.

    Raises:
        ResourceFunctionError: A resource could not be set up.
        InvalidArgumentError: The arguments are not what `Executor.execute` was given.
    """
    context = as_run_context(plan_context)
    yield from context.resources.set_up()
    found = context.plan.get_step(step.key)
    with context.writer.batch(), context.logs.in_step(found.key):
        if context.active.can_run(found.key):
            yield from _execute(StepContext(context, found))
        else:
            yield _skipped_event(context, found.key)


def skip_blocked_steps(plan_context: PlanOrchestrationContext) -> Iterator[Event]:
    """Yield STEP_SKIPPED for each step that cannot run any more, which the executor yields in turn.

    Raises:
        InvalidArgumentError: The argument is not what `Executor.execute` was given.
    """
    context = as_run_context(plan_context)
    while blocked := context.active.take_blocked():
        for step in blocked:
            yield _skipped_event(context, step.key)


def execute_plan(plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan) -> Iterator[Event]:
    """Execute the steps of a plan in this process, one after the other, and yield their events.

    Cheaper than `execute_step` for each: the end of a step and the start of the next are stored together. While a step
    waits to be tried again, or for a slot of its pool, others are executed.

    Raises:
        ResourceFunctionError: A resource could not be set up.
        InvalidArgumentError: The arguments are not what `Executor.execute` was given.
    """
    context = as_run_context(plan_context)
    with context.writer.batch():
        if execution_plan is not context.plan:
            for step in execution_plan.steps:
                yield from execute_step(plan_context, step)
            return
        line = StepLine(context)
        while not context.active.is_complete:
            yield from skip_blocked_steps(plan_context)
            if (taken := line.take()) is not None:
                try:
                    yield from attempt_step(plan_context, taken)
                finally:
                    line.leave(taken)
            elif (seconds := _seconds_to_wait(context, line)) is not None:
                _wait(context, seconds)
            else:
                return


def _is_to_be_tried_again(context: RunContext, step: JobStep) -> bool:
    return (
        context.retry_mode is RetryMode.ENABLED
        and context.active.state_of(step.key) is StepState.UP_FOR_RETRY
    )


def _seconds_to_wait(context: RunContext, line: StepLine) -> float | None:
    """Return after how long a step may be tried again, or have its slot; None when there is nothing to wait for."""
    retry = context.active.next_retry_in() if context.retry_mode is RetryMode.ENABLED else None
    return min((each for each in (retry, line.seconds_until_poll()) if each is not None), default=None)


def _wait(context: RunContext, seconds: float) -> None:
    """Wait; a signal ends that."""
    context.writer.flush()
    time.sleep(seconds)


def _skipped_event(context: RunContext, step_key: str) -> Event:
    message = "Skipped: a step that it needs failed or gave no output."
    return context.writer.make_event(EventType.STEP_SKIPPED, step_key, message)


def _execute(step: StepContext) -> Iterator[Event]:
    launcher = find_launcher(step)
    return _execute_captured(step) if launcher is None else launch_step(step, launcher)


def _execute_captured(step: StepContext) -> Iterator[Event]:
    capture = StepLogCapture(step.instance, step.writer, step.run.run_id, step.step_key, step.retry_number)
    try:
        yield capture.begin()
        last, error = yield from _attempt(step)
        problem = capture.end()
    finally:
        capture.end()
    if problem is not None:
        yield problem
    yield last
    if last.event_type is not EventType.STEP_UP_FOR_RETRY:
        yield from call_hooks(step, error)


def _attempt(step: StepContext) -> Generator[Event, None, tuple[Event, BaseException | None]]:
    started = time.perf_counter()
    try:
        yield _start_event(step)
        inputs = yield from load_inputs(step)
        yield from compute(step, inputs)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever ends the op ends the step, and nothing else
        step.run_context.errors[step.step_key] = error
        seconds = seconds_until_retry(step, error)
        return (_failure_event(step, error) if seconds is None else _retry_event(step, error, seconds)), error
    milliseconds = (time.perf_counter() - started) * 1000
    message = f"Step {step.step_key!r} succeeded in {milliseconds:.0f} ms."
    return step.event(EventType.STEP_SUCCESS, message, StepSuccessData(milliseconds)), None


def _start_event(step: StepContext) -> Event:
    if not step.retry_number:
        return step.event(EventType.STEP_START, f"Step {step.step_key!r} starts.")
    return step.event(
        EventType.STEP_RESTARTED, f"Step {step.step_key!r} starts again, retry {step.retry_number}."
    )


def _retry_event(step: StepContext, error: BaseException, seconds: float) -> Event:
    message = f"Step {step.step_key!r} failed and is tried again in {seconds:.3g} s. {_text(error)}"
    data = StepRetryData(user_error_info(error), seconds)
    return step.event(EventType.STEP_UP_FOR_RETRY, message, data)


def _failure_event(step: StepContext, error: BaseException) -> Event:
    failure = error if isinstance(error, Failure) else None
    data = StepFailureData(
        user_error_info(error),
        None if failure is None else failure.description,
        {} if failure is None else failure.metadata,
    )
    return step.event(EventType.STEP_FAILURE, f"Step {step.step_key!r} failed. {_text(error)}", data)


def _text(error: BaseException) -> str:
    cause = error.user_exception if isinstance(error, UserCodeExecutionError) else error
    return f"{type(cause).__name__}: {cause}".removesuffix(": ")
