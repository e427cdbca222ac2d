"""Storage: runs, events and schedules in one place, changed together."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from typing_extensions import override

from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.interfaces.part import InstancePart, InstanceServices
from runrack.interfaces.progress_report import Report, silent
from runrack.interfaces.run_storage import RunStorage
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.record import Record


class Storage(InstancePart, ABC):
    """Gives the three storages of an instance and makes each change that concerns more than one of them at once."""

    @property
    @abstractmethod
    def run_storage(self) -> RunStorage:
        """The run storage; always the same object."""

    @property
    @abstractmethod
    def event_log_storage(self) -> EventLogStorage:
        """The event log storage; always the same object."""

    @property
    @abstractmethod
    def schedule_storage(self) -> ScheduleStorage:
        """The schedule storage; always the same object."""

    @abstractmethod
    def store_events(
        self, entries: Sequence[EventLogEntry], *, epoch: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Store the entries with all that follows from them, all or none, and return their records in order.

        What follows: the status of runs (`RunStorage.handle_run_event`, at the entry's own time), the asset catalog
        (`AssetCatalog`), and, when a run ends, its concurrency slots.

        - A run event for which the run has left the state is kept as late and changes nothing.
        - When `epoch` is given, every entry of a run whose current epoch is another one is late, whatever it says: its
          writer has lost the run. It is in the log of the run, and changes neither status nor assets nor slots.
        - An event of an unknown run is stored and is not late.
        - An entry whose `event_id` is stored already is not stored or applied again.
        """

    @abstractmethod
    def delete_run(self, run_id: str) -> None:
        """Remove a run with its tags, its log and its slots, all or none. An unknown run is no error."""

    @override
    def register_instance(self, instance: InstanceServices) -> None:
        super().register_instance(instance)
        for part in (self.run_storage, self.event_log_storage, self.schedule_storage):
            part.register_instance(instance)


@runtime_checkable
class SupportsPatience(Protocol):
    """A storage that may be away for a while, such as one behind a network; its calls wait for it."""

    @property
    def patience_seconds(self) -> float:
        """How long a call waits for a storage that is away; 0 for one that is never away."""
        ...

    def patience(self, seconds: float) -> AbstractContextManager[None]:
        """Return a context in which the calls of this thread wait that long instead."""
        ...


class SchemaStatus(Record, frozen=True):
    """Which version of the tables a storage has, and which one this code was written for.

    Attributes:
        current: The version found; None for a storage that has no tables yet.
        latest: The version that this code was written for.
        is_usable_newer: Whether the version found is a newer one on which this code may work all the same.
    """

    current: str | None
    latest: str
    is_usable_newer: bool = False

    @property
    def is_current(self) -> bool:
        """Whether nothing needs to be migrated."""
        return self.current == self.latest

    @property
    def is_usable(self) -> bool:
        """Whether this code may work on the tables as they are."""
        return self.is_current or self.is_usable_newer


@runtime_checkable
class SupportsMigration(Protocol):
    """A storage whose tables have versions."""

    def get_schema_status(self) -> SchemaStatus:
        """Return the version found and the one that this code was written for."""
        ...

    def migrate(self, report: Report = silent) -> None:
        """Bring the tables to the version of this code, keeping what they hold, while others use them.

        - Harmless when repeated; one that was killed is finished by the next.
        - `report` hears how far it is.
        """
        ...
