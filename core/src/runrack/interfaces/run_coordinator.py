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
    """Takes submitted runs.

    - It may be called from several threads.
    - `runrack.testing.conformance.run_coordinator` proves one right.
    """

    @abstractmethod
    def submit_run(self, context: SubmitRunContext) -> Run:
        """Launch the run, or queue it, and return it as stored afterwards.

        - A run that is not NOT_STARTED was submitted before: a warning that names it is logged and nothing happens. The stored
          status counts, not that of the context. Of several who submit a run at the same time, one is the first.
        - The run itself stays as it is, tags and configuration included.
        - What the launcher raises passes; the instance ends the run in FAILURE.

        Raises:
            RunNotFoundError: No such run.
        """

    @abstractmethod
    def cancel_run(self, run_id: str) -> bool:
        """Cancel the run wherever it is, and tell whether that was possible.

        - False without any event for a run that is unknown, was never submitted, or is finished.
        - A run that was launched is the launcher's: its `terminate` reports what there is to report, and its answer is returned.
        """


@runtime_checkable
class SupportsQueue(Protocol):
    """A coordinator that keeps submitted runs waiting in a queue.

    It launches them from a loop, which it offers as `SupportsDaemonLoops`:

    - Submitting makes a run QUEUED, by RUN_ENQUEUED with `RunEnqueuedData`. A run that is still QUEUED is canceled without the
      launcher, also when a daemon has claimed it.
    - The most urgent run is launched first (the tag `PRIORITY`), then the one that was stored first; under a claim, which passes
      to the launcher. Any number of daemons launch each run once, and keep the limits together.
    - A launch that fails ends its run and keeps no other waiting; a run whose code cannot be loaded just now does not stay
      STARTING.
    - A loop that is to stop launches nothing more, and leaves no claim behind.
    """

    def get_queue_limits(self, workspace: Workspace | None = None) -> QueueLimits:
        """Return what has to hold for the runs in progress: what was configured, and what keeps runs waiting just now.

        It is asked for each round of each daemon, and by the command line, which has no workspace; no run changes by it.
        """
        ...

    def requeue_run(self, run: Run, reason: str, epoch: int | None = None) -> bool:
        """Put a run that is STARTING, and that no worker has taken up, back into the queue, and tell whether that was done.

        False, with the status as it was, for a run whose stored status is another.

        Args:
            run: The run; nobody may hold it any more, or the caller does.
            reason: Why, for the log of the run.
            epoch: The epoch in which the caller knows the run; with an older one than the run's, nothing is done.
        """
        ...
