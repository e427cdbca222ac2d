"""LostRuns: decides what becomes of a run whose worker is gone."""

from __future__ import annotations

import logging
import signal
from contextlib import suppress

from runrack.engine.worker_identity import WorkerIdentity
from runrack.errors import StaleClaimError
from runrack.instance.daemon_settings import MonitoringSettings
from runrack.instance.instance import Instance
from runrack.interfaces.daemon_loop import DaemonContext
from runrack.interfaces.run_coordinator import SupportsQueue
from runrack.records.event import Event, event_entry
from runrack.records.event_data import RunCanceledData, RunFailureData
from runrack.records.event_type import EventType
from runrack.records.run import Run, RunFailureReason
from runrack.records.run_claim import RunClaim
from runrack.records.run_status import RunStatus

DECISION_SECONDS = 60.0
"""The lease of a run while it is decided what becomes of it: so long after this daemon died, another decides."""

START_SECONDS = 60.0
"""The lease of a run that was given a new worker: so long the worker has to take it over."""

MAX_LAUNCHES = 3
"""How often a run is launched whose worker never took it up."""

_logger = logging.getLogger("runrack.daemon")


class LostRuns:
    """Puts an end to runs without a worker, or lets them go on.

    The run is claimed first, which raises its epoch: what its old worker may still write comes late, and of all daemons
    that look at the run, one decides.

    Args:
        instance: Where the runs are stored.
        settings: How often a run is given a new worker.
    """

    def __init__(self, instance: Instance, settings: MonitoringSettings) -> None:
        self._instance = instance
        self._settings = settings

    def decide(self, run_id: str, status: RunStatus, why: str, context: DaemonContext) -> None:
        """Let a run go on, or end it. Nothing happens when another holds it, or it is not in that status any more.

        Args:
            run_id: The run.
            status: In which it was lost: STARTING, STARTED or CANCELING.
            why: How it is known that its worker is gone; a sentence, for the log of the run.
            context: The daemon.
        """
        storage = self._instance.run_storage
        for claim in storage.claim(context.owner, DECISION_SECONDS, run_ids=[run_id], status=status):
            run = self._instance.get_run_by_id(run_id)
            if run is None:
                continue
            _logger.warning("run %s (%s) has lost its worker: %s", run_id, status, why)
            if status is RunStatus.CANCELING:
                self._cancel(run, claim, why)
            elif status is RunStatus.STARTING:
                self._launch_again(run, claim, why)
            else:
                self._resume(run, claim, why, context)

    def _cancel(self, run: Run, claim: RunClaim, why: str) -> None:
        message = f"The run was canceled. {why}"
        event = Event(
            EventType.RUN_CANCELED, run.job_name, message=message, event_specific_data=RunCanceledData()
        )
        self._store(event, run, claim)

    def _launch_again(self, run: Run, claim: RunClaim, why: str) -> None:
        """Put the run back into the queue that it came from; one that was launched often enough fails."""
        coordinator = self._instance.run_coordinator
        launches = len(self._instance.all_logs(run.run_id, of_type=EventType.RUN_STARTING))
        if isinstance(coordinator, SupportsQueue) and launches < MAX_LAUNCHES:
            coordinator.requeue_run(run, why, claim.epoch)
            self._instance.run_storage.release(claim)
            return
        self._fail(run, claim, RunFailureReason.START_TIMEOUT, f"The run could not be started. {why}")

    def _resume(self, run: Run, claim: RunClaim, why: str, context: DaemonContext) -> None:
        instance = self._instance
        attempts = instance.count_resume_run_attempts(run.run_id)
        # A run that was executed by whoever made it belongs to no location that could take it up.
        if attempts >= self._settings.max_resume_run_attempts or run.remote_job_origin is None:
            tried = f" It was given a new one {attempts} times." if attempts else ""
            reason = RunFailureReason.UNEXPECTED_TERMINATION
            self._fail(run, claim, reason, f"The worker of the run is gone. {why}{tried}")
            return
        try:
            instance.resume_run(run.run_id, context.workspace, attempts + 1, claim)
        except Exception as error:  # noqa: BLE001 - it is kept in the log of the run, and tried again
            _logger.warning("run %s could not be resumed: %s", run.run_id, error)
            instance.run_storage.release(claim)
            return
        with suppress(StaleClaimError):
            instance.run_storage.renew(claim, START_SECONDS)

    def _fail(self, run: Run, claim: RunClaim, reason: RunFailureReason, message: str) -> None:
        data = RunFailureData(reason)
        self._store(Event(EventType.RUN_FAILURE, run.job_name, None, message, data), run, claim)

    def _store(self, event: Event, run: Run, claim: RunClaim) -> None:
        self._instance.handle_new_events([event_entry(event, run.run_id, "ERROR")], epoch=claim.epoch)


def kill_worker(owner: str | None) -> None:
    """Kill the worker that a claim names and all that it has started, if it is on this machine and still there."""
    worker = WorkerIdentity.from_owner(owner)
    if worker is not None:
        worker.send_signal(signal.SIGKILL)
