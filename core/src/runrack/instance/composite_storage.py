"""CompositeStorage: three separately configured storages behind one face."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache

from typing_extensions import override

from runrack.errors import InvariantViolationError
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.interfaces.part import InstanceServices
from runrack.interfaces.run_storage import RunStorage
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.interfaces.storage import Storage, SupportsPatience
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_type import STATUS_AFTER
from runrack.records.run import RunRecord
from runrack.records.run_status import FINISHED, NOT_FINISHED, TRANSITIONS, RunStatus
from runrack.records.runs_filter import RunsFilter


class CompositeStorage(Storage):
    """Gives three storages that know nothing of each other as one.

    Its promise is weaker than that of a combined storage, because there is no transaction across them: an event is
    stored first, then the status that it implies. A process that is killed between the two leaves a run whose log is
    one step ahead of its status; `repair` brings the status up to date from the log, and every instance does that for
    unfinished runs when it is opened.
    """

    def __init__(
        self,
        run_storage: RunStorage,
        event_log_storage: EventLogStorage,
        schedule_storage: ScheduleStorage | None = None,
    ) -> None:
        self._run_storage = run_storage
        self._event_log_storage = event_log_storage
        self._schedule_storage = schedule_storage

    @property
    @override
    def run_storage(self) -> RunStorage:
        return self._run_storage

    @property
    @override
    def event_log_storage(self) -> EventLogStorage:
        return self._event_log_storage

    @property
    @override
    def schedule_storage(self) -> ScheduleStorage:
        if self._schedule_storage is None:
            raise InvariantViolationError("this instance has no schedule storage")
        return self._schedule_storage

    @override
    def store_events(
        self, entries: Sequence[EventLogEntry], *, epoch: int | None = None
    ) -> Sequence[EventLogRecord]:
        late = self._late_event_ids(entries, epoch)
        records = self._event_log_storage.store_events(entries, late_event_ids=late)
        for record in records:
            if not record.late:
                self._apply(record.event_log_entry, epoch)
        return records

    @override
    def delete_run(self, run_id: str) -> None:
        self._event_log_storage.delete_events(run_id)
        self._run_storage.delete_run(run_id)

    @override
    def register_instance(self, instance: InstanceServices) -> None:
        super(Storage, self).register_instance(instance)
        for part in (self._run_storage, self._event_log_storage, self._schedule_storage):
            if part is not None:
                part.register_instance(instance)

    @override
    def dispose(self) -> None:
        for part in (self._schedule_storage, self._event_log_storage, self._run_storage):
            if part is not None:
                part.dispose()

    @property
    def patience_seconds(self) -> float:
        """As `SupportsPatience.patience_seconds`: that of the storage that waits longest."""
        return max((part.patience_seconds for part in self._patient_parts()), default=0.0)

    @contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """As `SupportsPatience.patience`, for each of the storages."""
        with ExitStack() as contexts:
            for part in self._patient_parts():
                contexts.enter_context(part.patience(seconds))
            yield

    def repair_unfinished_runs(self) -> None:
        """Apply to every unfinished run what its log says, as `repair` does."""
        for run_id in self._run_storage.get_run_ids(RunsFilter(statuses=sorted(NOT_FINISHED))):
            self.repair(run_id)

    def repair(self, run_id: str) -> None:
        """Apply to the run every event of its log that implies a status and is not late, in order.

        - Events that were applied before change nothing: the transition table refuses them.
        """
        page = self._event_log_storage.get_records_for_run(run_id, of_type=frozenset(STATUS_AFTER))
        for record in page.records:
            if not record.late:
                self._apply(record.event_log_entry, None)

    def _patient_parts(self) -> list[SupportsPatience]:
        parts: tuple[object, ...] = (self._run_storage, self._event_log_storage, self._schedule_storage)
        return [part for part in parts if isinstance(part, SupportsPatience)]

    def _late_event_ids(self, entries: Sequence[EventLogEntry], epoch: int | None) -> set[str]:
        """Return the ids of the entries of another epoch, and of run events that their runs' state does not admit.

        Each run event is judged after the ones before it.
        """
        late: set[str] = set()
        statuses: dict[str, RunStatus] = {}
        find_record = cache(self._run_storage.get_run_record_by_id)
        for entry in _first_of_each(entries):
            is_run_event = entry.event is not None and entry.event.is_run_event
            record = find_record(entry.run_id) if is_run_event or epoch is not None else None
            if record is None:
                continue
            if _is_outdated(record, epoch):
                late.add(entry.event_id)
                continue
            if entry.event is None or not is_run_event:
                continue
            status = statuses.get(entry.run_id, record.run.status)
            following = STATUS_AFTER[entry.event.event_type]
            if following not in TRANSITIONS[status]:
                late.add(entry.event_id)
            else:
                statuses[entry.run_id] = following
        return late

    def _apply(self, entry: EventLogEntry, epoch: int | None) -> None:
        if entry.event is None or not entry.event.is_run_event:
            return
        moment = datetime.fromtimestamp(entry.timestamp, UTC)
        self._run_storage.handle_run_event(entry.run_id, entry.event, update_timestamp=moment, epoch=epoch)
        if STATUS_AFTER[entry.event.event_type] in FINISHED:
            self._event_log_storage.free_concurrency_slots_for_run(entry.run_id)


def _first_of_each(entries: Sequence[EventLogEntry]) -> Iterable[EventLogEntry]:
    """Return the entries without those whose event stands earlier in the sequence."""
    firsts: dict[str, EventLogEntry] = {}
    for entry in entries:
        firsts.setdefault(entry.event_id, entry)
    return firsts.values()


def _is_outdated(record: RunRecord, epoch: int | None) -> bool:
    return epoch is not None and epoch != record.epoch
