"""RunLauncher: starts the worker of a run, and stops it."""

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Protocol, runtime_checkable

from runrack.interfaces.part import InstancePart
from runrack.interfaces.workspace import Workspace
from runrack.records.record import Record
from runrack.records.run import Run
from runrack.records.run_claim import RunClaim


class LaunchRunContext(Record, frozen=True):
    """What a launcher is given.

    Attributes:
        run: The run; its status is STARTING.
        workspace: Where code is loaded from, when the caller has one.
        claim: The caller's claim on the run, which passes to the worker; a launcher that needs one takes it itself otherwise.
    """

    run: Run
    workspace: Workspace | None = None
    claim: RunClaim | None = None


class ResumeRunContext(Record, frozen=True):
    """What a launcher is given to take up a run whose worker died. `resume_attempt_number` begins at 1."""

    run: Run
    workspace: Workspace | None = None
    claim: RunClaim | None = None
    resume_attempt_number: int = 1


class RunLauncher(InstancePart, ABC):
    """Starts runs somewhere. The instance has reported RUN_STARTING before it asks."""

    @abstractmethod
    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the worker of the run.

        - Returns when the worker is on its way, or when it is done, as the launcher works.

        Raises:
            LaunchFailedError: The worker cannot be started. The instance ends the run in FAILURE.
        """

    @abstractmethod
    def terminate(self, run_id: str) -> bool:
        """Ask the worker of the run to stop, and tell whether it was asked.

        - False without any event when the run is unknown, finished, or not one that this launcher can reach;
          otherwise RUN_CANCELING is reported first.
        """


class WorkerStatus(StrEnum):
    """How a worker is."""

    RUNNING = "RUNNING"
    NOT_FOUND = "NOT_FOUND"
    FAILED = "FAILED"
    SUCCESS = "SUCCESS"
    UNKNOWN = "UNKNOWN"


class CheckRunHealthResult(Record, frozen=True):
    """How a worker is, and what there is to say about it. A transient verdict may differ when asked again."""

    status: WorkerStatus
    msg: str | None = None
    transient: bool = False
    run_worker_id: str | None = None


@runtime_checkable
class SupportsCheckRunWorkerHealth(Protocol):
    """A launcher that can tell how a worker is."""

    def check_run_worker_health(self, run: Run) -> CheckRunHealthResult:
        """Return how the worker of the run is."""
        ...


@runtime_checkable
class SupportsResumeRun(Protocol):
    """A launcher that can take up a run whose worker died."""

    def resume_run(self, context: ResumeRunContext) -> None:
        """Start a new worker that takes the run up where the last one left it."""
        ...
