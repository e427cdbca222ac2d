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
    """Starts runs somewhere. The instance has reported RUN_STARTING before it asks.

    - It may be called from several threads, and launches runs that other processes have submitted.
    - `runrack.testing.conformance.run_launcher` proves one right.
    """

    @abstractmethod
    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the worker of the run.

        - Returns when the worker is on its way, or when it is done, as the launcher works.
        - The run is claimed before anything is started, so that it has one worker, however many ask. A run that another holds
          is left alone, silently or with a ConflictError.
        - The claim passes to the worker, which renews it in its own name and writes its events under the claim's number. What
          a worker writes whose claim was taken away is late and changes nothing.
        - A run that is CANCELING by the time that its worker begins is not executed, and ends in CANCELED.
        - What the code of the run raises is no error of the launcher: the worker reports it, and the run ends in FAILURE.
        - The worker finds the run by its id: tags and configuration are of any text and length.

        Raises:
            LaunchFailedError: The worker cannot be started. The instance ends the run in FAILURE.
            LocationUnavailableError: The code of the run cannot be loaded just now.
            StaleClaimError: The claim that was given is no longer held; nothing was started.
        """

    @abstractmethod
    def terminate(self, run_id: str) -> bool:
        """Ask the worker of the run to stop, and tell whether it was asked.

        - False without any event when the run is unknown, was not launched, is finished, or is not one that this launcher can
          reach. The stored status counts.
        - Otherwise RUN_CANCELING is reported first, unless it was before, and the run ends in CANCELED; where no worker is left
          that would report the end, the launcher does.
        - Whoever asks may be another process than the one that has launched the run. Other runs are not touched.
        """


class WorkerStatus(StrEnum):
    """How a worker is."""

    RUNNING = "RUNNING"
    """It is there."""

    NOT_FOUND = "NOT_FOUND"
    """The run has none, or there is no such run."""

    FAILED = "FAILED"
    """It is gone, and its run is not over: the one verdict at which monitoring ends the run, or gives it a new worker."""

    SUCCESS = "SUCCESS"
    """It is done: the run is over."""

    UNKNOWN = "UNKNOWN"
    """It cannot be told from here."""


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
        """Return how the worker of the run is.

        - The stored status counts: the worker of a run that is over has not failed, whatever the caller knows of the run.
        - Nothing is written, and nothing raised for a run that is not stored or has no worker.
        - A worker that is there is named by `run_worker_id`.
        """
        ...


@runtime_checkable
class SupportsResumeRun(Protocol):
    """A launcher that can take up a run whose worker died."""

    def resume_run(self, context: ResumeRunContext) -> None:
        """Start a new worker that takes the run up where the last one left it.

        - The steps that have succeeded are not executed again. The new worker has a claim of its own: the last one, should it
          still be there, comes too late with whatever it writes.

        Raises:
            ConflictError: A worker holds the run; it goes on with that one.
            LaunchFailedError: The worker cannot be started.
        """
        ...
