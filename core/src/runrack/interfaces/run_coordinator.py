"""RunCoordinator: decides when a submitted run is launched."""

from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable

from runrack.interfaces.part import InstancePart
from runrack.interfaces.workspace import Workspace
from runrack.records.record import Record
from runrack.records.run import Run
from runrack.records.run_queue import QueueLimits


class SubmitRunContext(Record, frozen=True):
    """What a coordinator is given: the run, and where code is loaded from when the caller has a workspace."""

    run: Run
    workspace: Workspace | None = None


class RunCoordinator(InstancePart, ABC):
    """Takes submitted runs."""

    @abstractmethod
    def submit_run(self, context: SubmitRunContext) -> Run:
        """Launch the run, or queue it, and return it as stored afterwards.

        - A run that is not NOT_STARTED was submitted before: a warning is logged and nothing happens.
        """

    @abstractmethod
    def cancel_run(self, run_id: str) -> bool:
        """Cancel the run wherever it is, and tell whether that was possible. False for an unknown run."""


@runtime_checkable
class SupportsQueue(Protocol):
    """A coordinator that keeps submitted runs waiting in a queue."""

    def get_queue_limits(self, workspace: Workspace | None = None) -> QueueLimits:
        """Return what has to hold for the runs in progress: what was configured, and what keeps runs waiting just now."""
        ...

    def requeue_run(self, run: Run, reason: str, epoch: int | None = None) -> bool:
        """Put a run that is STARTING, and that no worker has taken up, back into the queue, and tell whether that was done.

        Args:
            run: The run; nobody may hold it any more, or the caller does.
            reason: Why, for the log of the run.
            epoch: The epoch in which the caller knows the run; with an older one than the run's, nothing is done.
        """
        ...
