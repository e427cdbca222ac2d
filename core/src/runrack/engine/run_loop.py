"""The loop of a run: from its start to its end state, whatever happens in between."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from runrack.definitions.executor import InitExecutorContext
from runrack.definitions.user_stack import user_error_info
from runrack.engine.active_execution import ActiveExecution
from runrack.engine.asset_facts import planned_materializations
from runrack.engine.event_writer import EventWriter
from runrack.engine.interrupt import raising_interrupts, shielded
from runrack.engine.output_store import OutputStore
from runrack.engine.prepared_job import PreparedJob
from runrack.engine.python_logs import SETTING, PythonLogs
from runrack.engine.resource_set import ResourceSet
from runrack.engine.run_context import RunContext
from runrack.errors import ExecutionInterruptedError
from runrack.interfaces.executor import Executor
from runrack.interfaces.part import InstanceServices
from runrack.records.event import Event
from runrack.records.event_data import (
    EngineEventData,
    RunCanceledData,
    RunFailureData,
    StepFailureData,
    StepRetryData,
)
from runrack.records.event_type import EventType
from runrack.records.run import Run, RunFailureReason
from runrack.records.run_status import ACTIVE, RunStatus

INTERRUPTS = (ExecutionInterruptedError, KeyboardInterrupt)
_STEP_ENDS = frozenset(
    {EventType.STEP_SUCCESS, EventType.STEP_FAILURE, EventType.STEP_SKIPPED, EventType.STEP_UP_FOR_RETRY}
)
_STEP_STARTS = frozenset({EventType.STEP_START, EventType.STEP_RESTARTED})
_NAMED_FAILURES = 10


@dataclass
class RunOutcome:
    """What came of a run.

    Attributes:
        events: What happened, in order.
        error: What ended it, as far as this process knows; an interruption among the rest.
    """

    events: list[Event]
    error: BaseException | None = None


@dataclass
class _Progress:
    """What the events of a run have told so far.

    Attributes:
        open_steps: Steps that have started and not ended.
        retries: Steps that are to be tried again, with the reason.
        failures: For each failed step the data of its failure, in order.
    """

    open_steps: dict[str, None] = field(default_factory=dict)
    retries: dict[str, StepRetryData] = field(default_factory=dict)
    failures: dict[str, StepFailureData] = field(default_factory=dict)

    def note(self, event: Event) -> None:
        key = event.step_key or ""
        if event.event_type in _STEP_STARTS:
            self.open_steps[key] = None
            self.retries.pop(key, None)
        elif event.event_type in _STEP_ENDS:
            self.open_steps.pop(key, None)
        if isinstance(event.event_specific_data, StepFailureData):
            self.failures[key] = event.event_specific_data
        elif isinstance(event.event_specific_data, StepRetryData):
            self.retries[key] = event.event_specific_data


def run_to_end(
    prepared: PreparedJob,
    run: Run,
    instance: InstanceServices,
    outputs: OutputStore,
    writer: EventWriter | None = None,
) -> RunOutcome:
    """Execute a stored run that has not started, or whose worker died, and return what came of it.

    - Whatever happens, the run ends in SUCCESS, FAILURE or CANCELED, its resources are torn down, and no step of it stays
      open. SIGINT and SIGTERM cancel it.
    - Nothing is raised but what the storage raises; the outcome has what ended the run.
    """
    writer = writer or EventWriter(instance, run)
    with raising_interrupts():
        try:
            executor = _create_executor(prepared, instance, outputs)
            logs = PythonLogs(instance.get_settings(SETTING), writer)
        except BaseException as error:  # noqa: BLE001 - an interruption ends the run in order, too
            with shielded():
                write_start_failure(writer, error)
            return RunOutcome(writer.events, error)
        with logs:
            context = _make_context(prepared, run, instance, outputs, logs, writer, executor)
            return _orchestrate(context, executor, prepared.executor_def.name)


def write_start_failure(writer: EventWriter, error: BaseException) -> None:
    """End a run that has not started, because of an error that kept it from starting."""
    if isinstance(error, INTERRUPTS):
        _write_all(writer, _canceled_events(writer, error, RunStatus.NOT_STARTED))
        return
    reason = RunFailureReason.JOB_INITIALIZATION_FAILURE
    data = RunFailureData(reason, user_error_info(error))
    writer.write_event(
        writer.make_event(EventType.RUN_FAILURE, None, f"The run could not be started. {_text(error)}", data)
    )


def _create_executor(prepared: PreparedJob, instance: InstanceServices, outputs: OutputStore) -> Executor:
    definition = prepared.executor_def
    init_context = InitExecutorContext(prepared.job, definition, prepared.config.executor, instance)
    return definition.create_executor(init_context, persists_outputs=outputs.is_persistent)


def _make_context(
    prepared: PreparedJob,
    run: Run,
    instance: InstanceServices,
    outputs: OutputStore,
    logs: PythonLogs,
    writer: EventWriter,
    executor: Executor,
) -> RunContext:
    plan = prepared.plan
    resources = ResourceSet(
        plan.job.resource_defs,
        plan.resource_keys,
        prepared.config.resources,
        run,
        instance,
        logs.make_log(),
        writer,
    )
    active = ActiveExecution(plan, run.run_id, prepared.known_state)
    return RunContext(
        run, instance, plan, prepared.config, writer, outputs, resources, logs, executor.retries, active
    )


def _orchestrate(context: RunContext, executor: Executor, executor_name: str) -> RunOutcome:
    writer = context.writer
    progress = _Progress()
    error: BaseException | None = None
    try:
        _write_all(writer, _start_events(context, executor_name))
        with _closing(executor.execute(context, context.plan)) as events:
            _take_all(events, partial(_take, context, progress))
    except (Exception, SystemExit, *INTERRUPTS) as caught:  # noqa: BLE001 - whatever it is, the run has to end
        error = caught
    with (
        shielded()
    ):  # but for the user's code in the teardown: a second signal must not keep the run from ending
        for event in context.resources.tear_down():
            writer.write_event(event)
        _write_all(writer, _end_events(context, progress, error))
    first_failed = next(iter(progress.failures), None)
    return RunOutcome(writer.events, error or context.errors.get(first_failed or ""))


def _start_events(context: RunContext, executor_name: str) -> list[Event]:
    writer = context.writer
    where = f"in process {os.getpid()}, with executor {executor_name!r}."
    if context.run.status in ACTIVE - {RunStatus.STARTING}:
        return [
            writer.make_event(EventType.ENGINE_EVENT, None, f"The run goes on {where}", EngineEventData())
        ]
    start = writer.make_event(EventType.RUN_START, None, f"The run starts {where}")
    return [start, *planned_materializations(context.plan, context.run, writer)]


def _take_all(events: Any, take: Callable[[Event], None]) -> None:
    """Take each event. The executor is told of an interruption, wherever it comes: it may have more to say."""
    event = next(events, None)
    while event is not None:
        try:
            take(event)
        except INTERRUPTS as interruption:
            event = events.throw(interruption)
        else:
            event = next(events, None)


def _take(context: RunContext, progress: _Progress, event: Event) -> None:
    with shielded():  # what was noted is written as well
        progress.note(event)
        context.active.note(event)
        context.writer.write_event(event)


def _closing(events: Any) -> Any:
    """Return a context that ends the executor's generator, and with it the step that it is in."""
    return closing(events if hasattr(events, "close") else _generator(events))


def _generator(events: Iterator[Event]) -> Iterator[Event]:
    yield from events


def _end_events(context: RunContext, progress: _Progress, error: BaseException | None) -> list[Event]:
    writer = context.writer
    events = [] if error is None else [_step_end(writer, key, error) for key in progress.open_steps]
    for event in _unfinished_retries(writer, progress):
        events.append(event)
        progress.note(event)
    if error is None and not progress.failures:
        return [*events, writer.make_event(EventType.RUN_SUCCESS, None, "The run succeeded.")]
    stored = context.instance.get_settled_run(context.run.run_id)
    status = RunStatus.STARTED if stored is None else stored.status
    if isinstance(error, INTERRUPTS) or status is RunStatus.CANCELING:
        return [*events, *_canceled_events(writer, error, status)]
    return [*events, _failure_event(writer, progress, error)]


def _step_end(writer: EventWriter, key: str, error: BaseException) -> Event:
    text = f"Step {key!r} did not come to its end. {_text(error)}"
    return writer.make_event(EventType.STEP_FAILURE, key, text, StepFailureData(user_error_info(error)))


def _unfinished_retries(writer: EventWriter, progress: _Progress) -> list[Event]:
    """Return the failures of steps that were to be tried again, and were not."""
    return [
        writer.make_event(
            EventType.STEP_FAILURE,
            key,
            f"Step {key!r} was to be tried again, and the run ended before.",
            StepFailureData(data.error),
        )
        for key, data in progress.retries.items()
    ]


def _canceled_events(writer: EventWriter, error: BaseException | None, status: RunStatus) -> list[Event]:
    if status in {RunStatus.CANCELED, RunStatus.FAILURE}:
        message = "The run was interrupted after it had ended already."
        return [writer.make_event(EventType.ENGINE_EVENT, None, message, EngineEventData())]
    data = RunCanceledData(None if error is None else user_error_info(error))
    canceled = writer.make_event(EventType.RUN_CANCELED, None, "The run was canceled.", data)
    if status is RunStatus.CANCELING:
        return [canceled]
    return [writer.make_event(EventType.RUN_CANCELING, None, "The run is being canceled."), canceled]


def _failure_event(writer: EventWriter, progress: _Progress, error: BaseException | None) -> Event:
    first = next(iter(progress.failures), None)
    if error is not None or first is None:
        message = "The run failed." if error is None else f"The run failed. {_text(error)}"
        info = None if error is None else user_error_info(error)
        data = RunFailureData(RunFailureReason.RUN_EXCEPTION, info, first)
    else:
        named = ", ".join(list(progress.failures)[:_NAMED_FAILURES])
        more = len(progress.failures) - _NAMED_FAILURES
        message = f"Steps failed: {named}{f' and {more} more' if more > 0 else ''}."
        data = RunFailureData(RunFailureReason.STEP_FAILURE, progress.failures[first].error, first)
    return writer.make_event(EventType.RUN_FAILURE, None, message, data)


def _write_all(writer: EventWriter, events: list[Event]) -> None:
    with writer.batch():
        for event in events:
            writer.write_event(event)


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")
