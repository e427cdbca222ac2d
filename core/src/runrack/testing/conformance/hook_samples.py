"""What hooks are called with in the suite: ordinary arguments, and such as careless code stumbles over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import click
from msgspec.structs import replace

from runrack.instance.instance import Instance
from runrack.records.event import Event, EventLogRecord
from runrack.records.event_data import RunFailureData
from runrack.records.event_type import EventType
from runrack.records.run import Run, RunFailureReason
from runrack.records.run_status import RunStatus
from runrack.testing.builders import ERROR, make_entry, make_event, make_run
from runrack.testing.conformance.awkward_names import AWKWARD_NAMES

NAMES = tuple(name for name in AWKWARD_NAMES if name and "\ud800" not in name)
STATUS_EVENTS = (
    (EventType.RUN_ENQUEUED, RunStatus.QUEUED),
    (EventType.RUN_STARTING, RunStatus.STARTING),
    (EventType.RUN_START, RunStatus.STARTED),
    (EventType.RUN_SUCCESS, RunStatus.SUCCESS),
    (EventType.RUN_FAILURE, RunStatus.FAILURE),
    (EventType.RUN_CANCELING, RunStatus.CANCELING),
    (EventType.RUN_CANCELED, RunStatus.CANCELED),
)
STEP_EVENTS = (
    EventType.STEP_SUCCESS,
    EventType.STEP_FAILURE,
    EventType.STEP_SKIPPED,
    EventType.STEP_UP_FOR_RETRY,
)
MANY_RECORDS = 1000


def run_samples() -> Iterator[Run]:
    """Yield runs: an ordinary one, one without anything, one whose tags and names are odd, a large one."""
    yield make_run(tags={"team": "a"}, run_config={"ops": {"extract": {"config": {"day": "2026-01-01"}}}})
    yield make_run()
    for name in NAMES:
        yield make_run(job_name=name, tags={name: name})
    yield make_run(tags={f"key-{number}": "value" * 100 for number in range(100)})


def status_samples() -> Iterator[dict[str, Any]]:
    """Yield the arguments of `run_status_changed`: each status, with and without a payload."""
    for run in run_samples():
        for event_type, status in STATUS_EVENTS:
            changed = replace(run, status=status)
            yield {"run": changed, "event": make_event(event_type, job_name=run.job_name)}
    failure = RunFailureData(RunFailureReason.STEP_FAILURE, ERROR, "step")
    yield {
        "run": make_run(status=RunStatus.FAILURE),
        "event": make_event(EventType.RUN_FAILURE, failure, message="a message\nof two lines: {} %s"),
    }


def launch_samples() -> Iterator[dict[str, Any]]:
    """Yield the arguments of `run_launching`."""
    for run in run_samples():
        yield {"run": replace(run, status=RunStatus.STARTING)}


def record_samples() -> Iterator[dict[str, Any]]:
    """Yield the arguments of `events_stored`: every type of event, plain messages, late ones, and very many at once."""
    for number, event_type in enumerate(EventType):
        yield {"records": (EventLogRecord(number + 1, make_entry(event_type)),)}
    plain = [EventLogRecord(number + 1, make_entry(f"{name} {{}} %s")) for number, name in enumerate(NAMES)]
    yield {"records": tuple(plain)}
    yield {"records": (EventLogRecord(1, make_entry(EventType.RUN_SUCCESS), late=True),)}
    yield {"records": tuple(EventLogRecord(n + 1, make_entry("message")) for n in range(MANY_RECORDS))}


def step_samples() -> Iterator[dict[str, Any]]:
    """Yield the arguments of `step_finished`: each end of a step, with each odd name."""
    for step_key in ("step", *NAMES):
        for event_type in STEP_EVENTS:
            event: Event = make_event(event_type, step_key=step_key)
            yield {"run": make_run(status=RunStatus.STARTED), "event": event}


def command_line() -> click.Group:
    """Return a command line with one command."""

    @click.group("runrack")
    def group() -> None:
        """Runs jobs."""

    @group.command("status")
    def status() -> None:
        """Say that all is well."""
        click.echo("all is well")

    return group


_SAMPLES: Mapping[str, Callable[[Instance], Iterable[dict[str, Any]]]] = {
    "run_status_changed": lambda _: status_samples(),
    "events_stored": lambda _: record_samples(),
    "run_launching": lambda _: launch_samples(),
    "step_finished": lambda _: step_samples(),
    "instance_opened": lambda instance: [{"instance": instance}] * 2,
    "instance_closed": lambda instance: [{"instance": instance}] * 2,
    "command_line_built": lambda _: [{"group": command_line()}],
}

HOOKS = tuple(_SAMPLES)
"""Every hook."""


def samples(hook: str, instance: Instance) -> list[dict[str, Any]]:
    """Return the arguments of calls of a hook.

    Args:
        hook: Its name.
        instance: What is said to be opened and closed.
    """
    return list(_SAMPLES[hook](instance))
