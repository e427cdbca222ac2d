"""ObservedRun: all that can be seen of a run that an executor has executed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from runrack.definitions.executor import ExecutorDefinition
from runrack.definitions.job_target import load_job_target
from runrack.engine.execution import execute_prepared_job
from runrack.engine.prepared_job import prepare_job
from runrack.errors import ExecutionInterruptedError
from runrack.instance.instance import Instance
from runrack.records.event import Event
from runrack.records.event_type import EventType
from runrack.records.run import Run

STEP_ENDS = (EventType.STEP_SUCCESS, EventType.STEP_FAILURE, EventType.STEP_SKIPPED)
STEP_STARTS = (EventType.STEP_START, EventType.STEP_RESTARTED)


@dataclass(frozen=True)
class ObservedRun:
    """A run that is over.

    Attributes:
        run: The run as it is stored.
        events: Its stored events, in order.
        messages: For each step that logged something its log messages, in order.
        printed: For each step what it wrote to stdout and stderr in its last attempt.
        upstream: For each step of the plan the steps that it needs.
        was_interrupted: Whether an interruption left `execute_job`.
        process_id: The process that executed the run.
    """

    run: Run
    events: Sequence[Event]
    messages: Mapping[str, Sequence[str]]
    printed: Mapping[str, tuple[str, str]]
    upstream: Mapping[str, frozenset[str]]
    was_interrupted: bool
    process_id: int

    @property
    def status(self) -> str:
        """How the run ended."""
        return self.run.status.value

    @property
    def ends(self) -> dict[str, str]:
        """For each step that ended how it did, in a word: SUCCESS, FAILURE or SKIPPED."""
        return {
            event.step_key or "": event.event_type.value.removeprefix("STEP_")
            for event in self.events
            if event.event_type in STEP_ENDS
        }

    def types(self, step_key: str | None) -> list[str]:
        """Return the types of a step's events, or of the run's own, in order."""
        return [event.event_type.value for event in self.events if event.step_key == step_key]

    def find(self, event_type: EventType, step_key: str | None = None) -> list[Event]:
        """Return the events of a type, of one step when it is given."""
        return [
            event
            for event in self.events
            if event.event_type is event_type and step_key in (None, event.step_key)
        ]


def observe(
    instance: Instance,
    executor: ExecutorDefinition,
    target: str,
    run_config: Mapping[str, Any],
    tags: Mapping[str, str] | None = None,
    op_selection: Sequence[str] | None = None,
) -> ObservedRun:
    """Execute a job with an executor, and return what can be seen afterwards.

    Args:
        instance: Where the run is stored.
        executor: Executes the job.
        target: The job, as `MODULE:JOB`.
        run_config: The run configuration.
        tags: Of the run.
        op_selection: The ops to execute; all when it is not given.
    """
    job_target = load_job_target(target)
    prepared = prepare_job(job_target, instance, run_config, op_selection=op_selection, executor_def=executor)
    run_id, was_interrupted = str(uuid4()), False
    try:
        execute_prepared_job(prepared, instance, tags, run_id)
    except (ExecutionInterruptedError, KeyboardInterrupt):
        was_interrupted = True
    run = instance.get_settled_run(run_id)
    assert run is not None, "the run is not stored"
    entries = instance.all_logs(run_id)
    messages: dict[str, list[str]] = {}
    for entry in entries:
        if entry.event is None:
            messages.setdefault(entry.step_key or "", []).append(entry.user_message)
    events = [entry.event for entry in entries if entry.event is not None]
    upstream = {step.key: step.upstream_keys for step in prepared.plan.steps}
    return ObservedRun(
        run, events, messages, _printed(instance, events), upstream, was_interrupted, os.getpid()
    )


def _printed(instance: Instance, events: Sequence[Event]) -> dict[str, tuple[str, str]]:
    logs = instance.compute_log_manager
    found = {}
    for event in events:
        log_key = getattr(event.event_specific_data, "log_key", None)
        if event.event_type is EventType.LOGS_CAPTURED and log_key is not None:
            data = logs.get_log_data(log_key)
            found[event.step_key or ""] = ((data.stdout or b"").decode(), (data.stderr or b"").decode())
    return found
