"""MemoryStorage: the three storages of an instance in memory, changed together behind one lock."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from threading import RLock

from typing_extensions import override

from runrack.host.configurable import ConfigurableClassData
from runrack.interfaces.storage import Storage
from runrack.records.codec import encode
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_type import STATUS_AFTER
from runrack.records.run_status import FINISHED
from runrack_memory.configurable import MemoryConfigurable
from runrack_memory.event_log_storage import MemoryEventLogStorage
from runrack_memory.run_storage import MemoryRunStorage
from runrack_memory.schedule_storage import MemoryScheduleStorage


class MemoryStorage(MemoryConfigurable, Storage):
    """Keeps runs, events and schedules in memory."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self._lock = RLock()
        self._runs = MemoryRunStorage(lock=self._lock)
        self._events = MemoryEventLogStorage(lock=self._lock)
        self._schedules = MemoryScheduleStorage(lock=self._lock)

    @property
    @override
    def run_storage(self) -> MemoryRunStorage:
        return self._runs

    @property
    @override
    def event_log_storage(self) -> MemoryEventLogStorage:
        return self._events

    @property
    @override
    def schedule_storage(self) -> MemoryScheduleStorage:
        return self._schedules

    @override
    def store_events(
        self, entries: Sequence[EventLogEntry], *, epoch: int | None = None
    ) -> Sequence[EventLogRecord]:
        for entry in entries:
            encode(entry)  # What cannot be stored is refused before anything is changed.
        with self._lock:
            new = list(self._new_ones(entries))
            late = {entry.event_id for entry in new if self._is_late(entry, epoch)}
            return self._events.store_events(entries, late_event_ids=late)

    @override
    def delete_run(self, run_id: str) -> None:
        with self._lock:
            self._runs.delete_run(run_id)
            self._events.delete_events(run_id)

    @override
    def dispose(self) -> None:
        self._events.dispose()

    def _new_ones(self, entries: Sequence[EventLogEntry]) -> Iterator[EventLogEntry]:
        """Yield the entries that are not stored yet, each once."""
        seen: set[str] = set()
        for entry in entries:
            if entry.event_id not in seen and not self._events.has_event(entry.event_id):
                seen.add(entry.event_id)
                yield entry

    def _is_late(self, entry: EventLogEntry, epoch: int | None) -> bool:
        """Apply the entry to its run, and tell whether it came too late for that."""
        record = self._runs.get_run_record_by_id(entry.run_id)
        if record is None:
            return False
        if epoch not in {None, record.epoch}:
            return True
        status = None if entry.event_type is None else STATUS_AFTER.get(entry.event_type)
        if entry.event is None or status is None:
            return False
        moment = datetime.fromtimestamp(entry.timestamp, UTC)
        if not self._runs.handle_run_event(entry.run_id, entry.event, update_timestamp=moment, epoch=epoch):
            return True
        if status in FINISHED:
            self._events.free_concurrency_slots_for_run(entry.run_id)
        return False
