"""execute_step and execute_plan: what executors build on."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator

from runrack.definitions.output import Failure
from runrack.definitions.user_stack import user_error_info
from runrack.engine.log_capture import StepLogCapture
from runrack.engine.run_context import as_run_context
from runrack.engine.step_context import StepContext
from runrack.engine.step_inputs import has_inputs, load_inputs
from runrack.engine.step_outputs import compute
from runrack.errors import UserCodeExecutionError
from runrack.interfaces.executor import ExecutionPlan, ExecutionStep, PlanOrchestrationContext
from runrack.records.event import Event
from runrack.records.event_data import StepFailureData, StepSuccessData
from runrack.records.event_type import EventType


def execute_step(plan_context: PlanOrchestrationContext, step: ExecutionStep) -> Iterator[Event]:
    """Execute one step in this process and yield its events, which the executor yields in turn.

    - The resources of the run are set up before the first step of a process.
    - A step that lacks an output of an earlier one (which failed, was skipped, or did not give it) is skipped.
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
    yield from context.resources.set_up()
    step_context = StepContext(context, context.plan.get_step(step.key))
    with context.writer.batch():
        if has_inputs(step_context):
            yield from _execute_captured(step_context)
        else:
            yield step_context.event(
                EventType.STEP_SKIPPED, "Skipped: a step that it needs failed or gave no output."
            )


def execute_plan(plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan) -> Iterator[Event]:
    """Execute the steps of a plan in this process, one after the other, and yield their events.

    Cheaper than `execute_step` for each: the end of a step and the start of the next are stored together.

    Raises:
        ResourceFunctionError: A resource could not be set up.
        InvalidArgumentError: The arguments are not what `Executor.execute` was given.
    """
    with as_run_context(plan_context).writer.batch():
        for step in execution_plan.steps:
            yield from execute_step(plan_context, step)


def _execute_captured(step: StepContext) -> Iterator[Event]:
    capture = StepLogCapture(step.instance, step.writer, step.run.run_id, step.step_key)
    try:
        yield capture.begin()
        last = yield from _attempt(step)
        problem = capture.end()
    finally:
        capture.end()
    if problem is not None:
        yield problem
    yield last


def _attempt(step: StepContext) -> Generator[Event, None, Event]:
    started = time.perf_counter()
    try:
        yield step.event(EventType.STEP_START, f"Step {step.step_key!r} starts.")
        inputs = yield from load_inputs(step)
        yield from compute(step, inputs)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever ends the op ends the step, and nothing else
        step.run_context.errors[step.step_key] = error
        return _failure_event(step, error)
    milliseconds = (time.perf_counter() - started) * 1000
    message = f"Step {step.step_key!r} succeeded in {milliseconds:.0f} ms."
    return step.event(EventType.STEP_SUCCESS, message, StepSuccessData(milliseconds))


def _failure_event(step: StepContext, error: BaseException) -> Event:
    cause = error.user_exception if isinstance(error, UserCodeExecutionError) else error
    failure = error if isinstance(error, Failure) else None
    data = StepFailureData(
        user_error_info(error),
        None if failure is None else failure.description,
        {} if failure is None else failure.metadata,
    )
    text = f"{type(cause).__name__}: {cause}".removesuffix(": ")
    return step.event(EventType.STEP_FAILURE, f"Step {step.step_key!r} failed. {text}", data)
