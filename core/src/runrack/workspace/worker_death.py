"""What is reported of a run whose worker died: at once, by a process that has seen it die."""

from __future__ import annotations

import logging
import os
import signal
import time

from runrack.errors import StepProcessError
from runrack.interfaces.workspace import StartRunRequest
from runrack.records.error_info import error_info_from_exception
from runrack.records.event import Event, EventLogEntry
from runrack.records.event_data import EngineEventData, RunCanceledData, RunFailureData, StepFailureData
from runrack.records.event_type import EventType
from runrack.records.run import Run, RunFailureReason
from runrack.records.run_status import RunStatus
from runrack.workspace.worker_instance import InstanceOpener, WorkerInstance

_STEP_STARTS = frozenset({EventType.STEP_START, EventType.STEP_RESTARTED})
_STEP_ENDS = frozenset(
    {EventType.STEP_SUCCESS, EventType.STEP_FAILURE, EventType.STEP_SKIPPED, EventType.STEP_UP_FOR_RETRY}
)


def report_death(request: StartRunRequest, wait_status: int, instances: InstanceOpener) -> None:
    """Report that the worker of a run died, unless the run has ended or another has taken it.

    A run that was to be canceled is; one that a new worker will take up is left to it; any other fails.
    """
    with instances.opened(request.instance_ref) as instance:
        record = instance.run_storage.get_run_record_by_id(request.run_id)
        epoch = None if request.claim is None else request.claim.epoch
        if record is None or record.run.is_finished or epoch not in {None, record.epoch}:
            return
        events = _events(instance, record.run, how_it_ended(wait_status))
        entries = [_entry(event, record.run, time.time()) for event in events]
        instance.handle_new_events(entries, epoch=epoch)


def how_it_ended(wait_status: int) -> str:
    """Return how a process ended, in words."""
    code = os.waitstatus_to_exitcode(wait_status)
    if code >= 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if -code == signal.SIGKILL:
        return f"was killed ({name}): by a person or a program, or by the kernel for want of memory"
    return f"was ended by {name}"


def _events(instance: WorkerInstance, run: Run, how: str) -> list[Event]:
    if run.status is RunStatus.CANCELING:
        text = f"The run was canceled. Its worker {how}."
        steps = _open_steps(instance, run, how)
        return [*steps, Event(EventType.RUN_CANCELED, run.job_name, None, text, RunCanceledData())]
    if instance.run_will_resume(run.run_id):
        text = f"The worker of the run {how}. Another one takes the run up when its lease has run out."
        return [Event(EventType.ENGINE_EVENT, run.job_name, None, text, EngineEventData())]
    data = RunFailureData(RunFailureReason.UNEXPECTED_TERMINATION)
    text = f"The worker of the run {how} before the run had ended."
    return [*_open_steps(instance, run, how), Event(EventType.RUN_FAILURE, run.job_name, None, text, data)]


def _open_steps(instance: WorkerInstance, run: Run, how: str) -> list[Event]:
    open_steps: dict[str, None] = {}
    for entry in instance.all_logs(run.run_id, of_type=_STEP_STARTS | _STEP_ENDS):
        event = entry.get_event()
        if event.event_type in _STEP_STARTS:
            open_steps[event.step_key or ""] = None
        else:
            open_steps.pop(event.step_key or "", None)
    return [
        Event(
            EventType.STEP_FAILURE,
            run.job_name,
            key,
            f"Step {key!r} did not come to its end. The worker of the run {how}.",
            StepFailureData(error_info_from_exception(StepProcessError(f"The worker of the run {how}."))),
        )
        for key in open_steps
    ]


def _entry(event: Event, run: Run, timestamp: float) -> EventLogEntry:
    return EventLogEntry(
        error_info=None,
        level=logging.INFO if event.event_type is EventType.ENGINE_EVENT else logging.ERROR,
        user_message="",
        run_id=run.run_id,
        timestamp=timestamp,
        step_key=event.step_key,
        job_name=run.job_name,
        event=event,
    )
