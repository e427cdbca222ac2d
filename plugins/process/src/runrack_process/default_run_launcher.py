"""DefaultRunLauncher: a process of this machine for each run, a copy of one that has loaded the run's code."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Any
from uuid import uuid4

from typing_extensions import override

from runrack.config.vocabulary import Bool, Field, Float
from runrack.engine import WorkerIdentity
from runrack.errors import ConflictError, InvalidArgumentError, InvariantViolationError, LaunchFailedError
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.run_launcher import (
    CheckRunHealthResult,
    LaunchRunContext,
    ResumeRunContext,
    RunLauncher,
    WorkerStatus,
)
from runrack.interfaces.workspace import CodeLocation, RunProcess, StartRunRequest, Workspace
from runrack.records.event_type import EventType
from runrack.records.run import Run, RunRecord
from runrack.records.run_claim import RunClaim
from runrack.records.run_status import ACTIVE, RunStatus

_LOGGER = logging.getLogger("runrack.launcher")


class DefaultRunLauncher(RunLauncher, ConfigurableClass):
    """Executes each run in a process of this machine, a copy of one that has loaded the run's code already.

    - A worker leads a process group, outlives who launched it, and holds a lease on its run, which it renews.
    - A run that is terminated gets SIGTERM; what is left of it after the grace is killed, and the run is canceled all the same.

    Args:
        wait_for_processes: Whether closing the launcher waits for the runs that it has launched.
        lease_seconds: How long a worker that gives no sign of life keeps its run.
        grace_seconds: How long a run that was told to stop has before it is killed.
        inst_data: What it was built from.

    Raises:
        InvalidArgumentError: The lease or the grace is too short.
    """

    def __init__(
        self,
        wait_for_processes: bool = False,
        lease_seconds: float = 60.0,
        grace_seconds: float = 15.0,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        if lease_seconds < 1 or grace_seconds < 0:
            raise InvalidArgumentError(
                "lease_seconds of the run launcher is 1 or more, and grace_seconds 0 or more"
            )
        self._wait_for_processes = wait_for_processes
        self._lease_seconds = lease_seconds
        self._grace_seconds = grace_seconds
        self._inst_data = inst_data
        self._owner = f"launcher:{uuid4().hex}"
        self._lock = threading.Lock()
        self._processes: dict[str, RunProcess] = {}

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {
            "wait_for_processes": Field(
                Bool,
                default_value=False,
                description="Whether closing the instance waits for the runs that it has launched.",
            ),
            "lease_seconds": Field(
                Float(minimum=1),
                default_value=60.0,
                description="How long a worker that gives no sign of life keeps its run.",
            ),
            "grace_seconds": Field(
                Float(minimum=0),
                default_value=15.0,
                description="How long a run that was told to stop has before it is killed.",
            ),
        }

    @override
    def launch_run(self, context: LaunchRunContext) -> None:
        location = self._location_of(context.run, context.workspace)
        claim = self._claim(context.run, context.claim)
        if claim is None:
            _LOGGER.warning("run %s is being launched by another already", context.run.run_id)
            return
        self._start(context.run, location, claim, resumes=False)

    def resume_run(self, context: ResumeRunContext) -> None:
        """Start a new worker that executes the steps of the run that have not succeeded.

        Raises:
            ConflictError: Another worker holds the run.
            LocationUnavailableError: Its code cannot be loaded.
        """
        location = self._location_of(context.run, context.workspace)
        claim = self._claim(context.run, context.claim)
        if claim is None:
            raise ConflictError(f"run {context.run.run_id} is not taken up: a worker holds it")
        self._start(context.run, location, claim, resumes=True)

    @override
    def terminate(self, run_id: str) -> bool:
        record = self.instance.run_storage.get_run_record_by_id(run_id)
        if record is None or record.run.status not in ACTIVE:
            return False
        worker = WorkerIdentity.from_owner(record.owner)
        is_late = self._is_grace_over(record.run)
        if record.run.status is not RunStatus.CANCELING:
            self.instance.report_run_canceling(record.run)
        if worker is not None and worker.is_of_this_machine and not worker.is_alive():
            self._report_canceled(record, "Its worker had died.")
        elif worker is not None and worker.is_of_this_machine:
            worker.send_signal(signal.SIGKILL if is_late else signal.SIGTERM)
        elif record.owner is None:
            self._report_canceled(record, "It had no worker.")
        return True  # a worker elsewhere, or one that begins only now, reads that it is to end

    def check_run_worker_health(self, run: Run) -> CheckRunHealthResult:
        """Return how the worker of the run is, as far as this machine can tell."""
        record = self.instance.run_storage.get_run_record_by_id(run.run_id)
        if record is None:
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the run is not stored")
        if record.run.is_finished:
            return CheckRunHealthResult(WorkerStatus.SUCCESS, "the run is over")
        return _health_of_owner(record.owner)

    def join(self, timeout_seconds: float = 30.0) -> None:
        """Wait for the runs that this launcher has launched.

        Raises:
            InvariantViolationError: Some are not over after that time.
        """
        ends = time.monotonic() + timeout_seconds
        going = [
            run_id
            for run_id, process in self._known_processes().items()
            if not process.wait(max(0.0, ends - time.monotonic()))
        ]
        if going:
            raise InvariantViolationError(
                f"{len(going)} runs are not over after {timeout_seconds:g} s: run {going[0]}, for one"
            )

    @override
    def dispose(self) -> None:
        for process in self._known_processes().values():
            if self._wait_for_processes:
                process.wait()
            process.close()
        self._processes.clear()

    def _location_of(self, run: Run, workspace: Workspace | None) -> CodeLocation:
        """Return the location of a run's code, loaded: that may take longer than a lease lasts."""
        if workspace is None:
            raise LaunchFailedError(f"run {run.run_id} is launched without a workspace to load its code from")
        location = workspace.get_location_of(run)
        location.get_contents()
        return location

    def _start(self, run: Run, location: CodeLocation, claim: RunClaim, *, resumes: bool) -> None:
        request = StartRunRequest(
            run_id=run.run_id,
            instance_ref=self.instance.get_ref().to_dict(),
            claim=claim,
            lease_seconds=self._lease_seconds,
            grace_seconds=self._grace_seconds,
            resumes=resumes,
        )
        process = location.start_run(request)
        with self._lock:
            over = [run_id for run_id, known in self._processes.items() if known.is_over()]
            for run_id in over:
                del self._processes[run_id]
            self._processes[run.run_id] = process

    def _claim(self, run: Run, given: RunClaim | None) -> RunClaim | None:
        """Return a fresh lease on the claim that was given, or on the run; None when another holds it.

        Raises:
            StaleClaimError: The claim that was given is no longer held.
        """
        runs = self.instance.run_storage
        if given is not None:
            return runs.renew(given, self._lease_seconds)
        claims = runs.claim(self._owner, self._lease_seconds, run_ids=[run.run_id], status=run.status)
        return claims[0] if claims else None

    def _known_processes(self) -> dict[str, RunProcess]:
        with self._lock:
            return dict(self._processes)

    def _is_grace_over(self, run: Run) -> bool:
        """Tell whether the run was told to stop so long ago that it must be killed."""
        if run.status is not RunStatus.CANCELING:
            return False
        entries = self.instance.all_logs(run.run_id, of_type=EventType.RUN_CANCELING)
        return bool(entries) and time.time() - entries[0].timestamp > self._grace_seconds

    def _report_canceled(self, record: RunRecord, why: str) -> None:
        self.instance.report_run_canceled(record.run, f"The run was canceled. {why}")


def _health_of_owner(owner: str | None) -> CheckRunHealthResult:
    """Return how the worker is that owns the claim on a run, as far as this machine can tell."""
    if owner is None:
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "no worker holds the run")
    worker = WorkerIdentity.from_owner(owner)
    if worker is None:
        return CheckRunHealthResult(WorkerStatus.UNKNOWN, "its worker begins only now", transient=True)
    number = str(worker.pid)
    if not worker.is_of_this_machine:
        message = f"process {number} of another machine, or from before this one was started"
        return CheckRunHealthResult(WorkerStatus.UNKNOWN, message, run_worker_id=number)
    if worker.is_alive():
        return CheckRunHealthResult(WorkerStatus.RUNNING, run_worker_id=number)
    return CheckRunHealthResult(WorkerStatus.FAILED, f"its process {number} is gone", run_worker_id=number)
