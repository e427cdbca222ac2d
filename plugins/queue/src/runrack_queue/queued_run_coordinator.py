"""QueuedRunCoordinator: keeps submitted runs in a queue, from which a daemon launches them under limits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from typing_extensions import override

from runrack.errors import ConfigError, LocationUnavailableError, RunNotFoundError
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.event_log import NO_RECORD
from runrack.interfaces.run_coordinator import RunCoordinator, SubmitRunContext
from runrack.records.error_info import error_info_from_exception
from runrack.records.event import Event, event_entry
from runrack.records.event_data import EngineEventData, RunCanceledData, RunEnqueuedData, RunFailureData
from runrack.records.event_type import EventType
from runrack.records.run import Run
from runrack.records.run_claim import RunClaim
from runrack.records.run_queue import QueueLimits, TagLimit
from runrack.records.run_status import RunStatus
from runrack.records.tags import CODE_LOCATION, PARTITION
from runrack_queue.dequeue_loop import DequeueLoop
from runrack_queue.free_slots import find_runs_without_slots
from runrack_queue.paused_locations import PausedLocations
from runrack_queue.queue_config import (
    DEFAULT_INTERVAL_SECONDS,
    DEFAULT_MAX_CONCURRENT_RUNS,
    DEFAULT_RETRY_DELAY_SECONDS,
    DEFAULT_WORKERS,
    config_fields,
    parse_max_runs,
    parse_slot_buffer,
    parse_tag_limits,
)

if TYPE_CHECKING:
    from runrack.interfaces.daemon_loop import DaemonLoop
    from runrack.interfaces.workspace import Workspace

_LOGGER = logging.getLogger("runrack.queue")

_CANCEL_SECONDS = 60.0

_BROKEN_SECONDS = 15.0
"""How long a location is paused that a daemon's workspace cannot load; other processes are to know of it, too."""

T = TypeVar("T")


class QueuedRunCoordinator(RunCoordinator, ConfigurableClass):
    """Keeps submitted runs QUEUED until a daemon launches them: the most urgent first, then the oldest, under limits.

    Args:
        max_concurrent_runs: How many runs may be in progress at once: -1 for any number, 0 for none.
        tag_concurrency_limits: How many runs with a tag may be: mappings with `key`, `limit`, and perhaps `value`.
        dequeue_interval_seconds: How long a daemon waits when there was nothing to launch.
        dequeue_use_threads: Whether several runs are launched at the same time.
        dequeue_num_workers: How many.
        max_user_code_failure_retries: How many times a run goes back to the queue when its code could not be loaded;
            None until it can be.
        user_code_failure_retry_delay: How many seconds its code location is left alone then.
        block_op_concurrency_limited_runs: Whether runs wait none of whose first steps would get a slot of its concurrency
            key (`enabled`), and how many more runs than free slots go all the same (`op_concurrency_slot_buffer`).
        inst_data: What it was built from.
        clock: Tells the time in seconds since 1970.

    Raises:
        ConfigError: A value is out of range, or two contradict each other.
    """

    def __init__(
        self,
        max_concurrent_runs: int | None = None,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] | None = None,
        dequeue_interval_seconds: float | None = None,
        dequeue_use_threads: bool | None = None,
        dequeue_num_workers: int | None = None,
        max_user_code_failure_retries: int | None = None,
        user_code_failure_retry_delay: int | None = None,
        block_op_concurrency_limited_runs: Mapping[str, Any] | None = None,
        inst_data: ConfigurableClassData | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._inst_data = inst_data
        self._clock = clock
        self._max_runs = parse_max_runs(_given(max_concurrent_runs, DEFAULT_MAX_CONCURRENT_RUNS))
        self._tag_limits = parse_tag_limits(tag_concurrency_limits)
        self._interval_seconds = _given(dequeue_interval_seconds, DEFAULT_INTERVAL_SECONDS)
        self._workers = _given(dequeue_num_workers, DEFAULT_WORKERS) if dequeue_use_threads else 1
        self._max_retries = max_user_code_failure_retries
        self._retry_delay_seconds = _given(user_code_failure_retry_delay, DEFAULT_RETRY_DELAY_SECONDS)
        self._slot_buffer = parse_slot_buffer(block_op_concurrency_limited_runs or {})
        for name, value, least in (
            ("dequeue_interval_seconds", self._interval_seconds, 0),
            ("dequeue_num_workers", self._workers, 1),
            ("max_user_code_failure_retries", _given(self._max_retries, 0), 0),
            ("user_code_failure_retry_delay", self._retry_delay_seconds, 0),
        ):
            if value < least:
                raise ConfigError(f"{name} is {least} or more")

    @classmethod
    @override
    def config_type(cls) -> Any:
        return config_fields()

    @override
    def submit_run(self, context: SubmitRunContext) -> Run:
        run = self._stored(context.run.run_id)
        if run.status is not RunStatus.NOT_STARTED:
            _LOGGER.warning("run %s is %s: it was submitted before and is left alone", run.run_id, run.status)
            return run
        (record,) = self.instance.handle_new_events([event_entry(_enqueued(run), run.run_id)])
        is_queued = record.storage_id != NO_RECORD and not record.late
        return run.with_status(RunStatus.QUEUED) if is_queued else self._stored(run.run_id)

    @override
    def cancel_run(self, run_id: str) -> bool:
        run = self.instance.get_run_by_id(run_id)
        if run is None:
            return False
        if run.status is RunStatus.QUEUED and self._cancel_queued(run):
            return True
        return self.instance.run_launcher.terminate(run_id)

    def daemon_loops(self) -> Sequence[DaemonLoop]:
        """As `SupportsDaemonLoops.daemon_loops`."""
        return [DequeueLoop(self, self._interval_seconds, self._workers)]

    def get_queue_limits(self, workspace: Workspace | None = None) -> QueueLimits:
        """As `SupportsQueue.get_queue_limits`."""
        pauses = PausedLocations(self.instance.run_storage, self._clock)
        held = pauses.get_all()
        for location in [] if workspace is None else workspace.list_locations():
            if location.error is not None and location.name not in held:
                pauses.add(location.name, _BROKEN_SECONDS, location.error)
                held = pauses.get_all()
        unavailable = [
            TagLimit(
                CODE_LOCATION, 0, name, reason=f"code location {name!r} cannot be loaded: {pause.reason}"
            )
            for name, pause in held.items()
        ]
        without_slots = (
            [] if self._slot_buffer is None else find_runs_without_slots(self.instance, self._slot_buffer)
        )
        return QueueLimits(self._max_runs, (*unavailable, *without_slots, *self._tag_limits))

    def requeue_run(self, run: Run, reason: str, epoch: int | None = None) -> bool:
        """As `SupportsQueue.requeue_run`."""
        entry = event_entry(_enqueued(run, reason), run.run_id)
        (record,) = self.instance.handle_new_events([entry], epoch=epoch)
        return not record.late

    def wait_for_code(self, claim: RunClaim, error: LocationUnavailableError) -> None:
        """Put a run back into the queue whose code could not be loaded, and leave its code location alone for a while.

        - A run that has been put back as often as the configuration allows ends in FAILURE.
        - A run that is no longer STARTING was taken up after all, or canceled: it stays as it is.
        """
        run = self._stored(claim.run_id)
        if run.status is not RunStatus.STARTING:
            return
        failed = EngineEventData(error=error_info_from_exception(error))
        self.instance.report_engine_event("The code of the run could not be loaded.", run, failed)
        enqueued = self.instance.all_logs(run.run_id, EventType.RUN_ENQUEUED)
        if self._max_retries is not None and len(enqueued) > self._max_retries:
            message = "The run could not be launched: its code could not be loaded."
            event = Event(
                EventType.RUN_FAILURE, run.job_name, message=message, event_specific_data=RunFailureData()
            )
            self.instance.handle_new_events([event_entry(event, run.run_id, "ERROR")], epoch=claim.epoch)
            return
        location_name = _location_name(run)
        # A location that is paused is a limit on this tag: a run without it would be tried on and on.
        if run.tags.get(CODE_LOCATION) != location_name:
            self.instance.run_storage.add_run_tags(run.run_id, {CODE_LOCATION: location_name})
        pauses = PausedLocations(self.instance.run_storage, self._clock)
        pauses.add(location_name, self._retry_delay_seconds, error.reason)
        self.requeue_run(run, "The run goes back to the queue until its code can be loaded.", claim.epoch)
        self.instance.run_storage.release(claim)

    def _cancel_queued(self, run: Run) -> bool:
        """End a queued run, and tell whether it was ended. A claim keeps daemons from launching it meanwhile."""
        claims = self.instance.run_storage.claim(f"cancel {uuid4()}", _CANCEL_SECONDS, run_ids=[run.run_id])
        events = [
            Event(EventType.RUN_CANCELING, run.job_name, message="The run is being canceled."),
            Event(
                EventType.RUN_CANCELED,
                run.job_name,
                message="The run was canceled while it was queued.",
                event_specific_data=RunCanceledData(),
            ),
        ]
        if not claims and self._stored(run.run_id).status is not RunStatus.QUEUED:
            return False
        # A daemon that is about to launch the run finds that it may not, or its worker does.
        entries = [event_entry(event, run.run_id) for event in events]
        records = self.instance.handle_new_events(entries, epoch=claims[0].epoch if claims else None)
        return not records[-1].late

    def _stored(self, run_id: str) -> Run:
        run = self.instance.get_run_by_id(run_id)
        if run is None:
            raise RunNotFoundError(run_id)
        return run


def _enqueued(run: Run, message: str = "The run waits in the queue.") -> Event:
    data = RunEnqueuedData(_location_name(run), run.tags.get(PARTITION))
    return Event(EventType.RUN_ENQUEUED, run.job_name, message=message, event_specific_data=data)


def _location_name(run: Run) -> str:
    return "" if run.remote_job_origin is None else run.remote_job_origin.location_name


def _given(value: T | None, default: T) -> T:
    return default if value is None else value
