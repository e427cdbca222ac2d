"""What is common to the parts that slide into an instance, and what they may ask of it."""

import weakref
from collections.abc import Sequence
from typing import Protocol

from runrack.errors import InvariantViolationError
from runrack.records.event import Event, EventLogEntry, EventLogRecord
from runrack.records.event_data import EngineEventData
from runrack.records.run import Run


class InstanceServices(Protocol):
    """What a part may ask of the instance that it belongs to."""

    def get_run_by_id(self, run_id: str) -> Run | None:
        """Return the stored run, or None."""
        ...

    def launch_run(self, run_id: str, workspace: object | None = None) -> Run:
        """Hand the run to the run launcher and return it as stored afterwards."""
        ...

    def handle_new_events(
        self, entries: Sequence[EventLogEntry], *, epoch: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Store the entries and all that follows from them in one transaction."""
        ...

    def report_event(self, event: Event, run_id: str, log_level: int | str = "INFO") -> None:
        """Store one event of a run."""
        ...

    def report_engine_event(
        self,
        message: str,
        run: Run | None = None,
        engine_event_data: EngineEventData | None = None,
        cls: type | None = None,
        step_key: str | None = None,
        job_name: str | None = None,
        run_id: str | None = None,
    ) -> Event:
        """Store what the framework did or met, and return the event."""
        ...

    def report_run_canceling(self, run: Run, message: str | None = None) -> Event:
        """Say that the run is being canceled."""
        ...

    def report_run_canceled(self, run: Run, message: str | None = None) -> Event:
        """Say that the run was canceled."""
        ...


class InstancePart:
    """A part of an instance. It knows the instance weakly: a part never keeps its instance alive."""

    _instance_ref: "weakref.ref[InstanceServices] | None" = None

    def register_instance(self, instance: InstanceServices) -> None:
        """Tell the part which instance it belongs to.

        Raises:
            InvariantViolationError: It belongs to one already.
        """
        if self.has_instance:
            raise InvariantViolationError(f"this {type(self).__name__} belongs to an instance already")
        self._instance_ref = weakref.ref(instance)

    @property
    def has_instance(self) -> bool:
        """Whether the part belongs to an instance that still exists."""
        return self._instance_ref is not None and self._instance_ref() is not None

    @property
    def instance(self) -> InstanceServices:
        """The instance that the part belongs to.

        Raises:
            InvariantViolationError: It belongs to none, or to one that is gone.
        """
        instance = None if self._instance_ref is None else self._instance_ref()
        if instance is None:
            raise InvariantViolationError(
                f"this {type(self).__name__} belongs to no instance, or to one that is closed"
            )
        return instance

    def dispose(self) -> None:
        """Release what the part holds: connections, threads, temporary files. Harmless when repeated."""
