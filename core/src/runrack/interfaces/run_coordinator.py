"""RunCoordinator: decides when a submitted run is launched."""

from abc import ABC, abstractmethod

from runrack.interfaces.part import InstancePart
from runrack.interfaces.workspace import Workspace
from runrack.records.record import Record
from runrack.records.run import Run


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
