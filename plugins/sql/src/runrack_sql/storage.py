"""SqlStorage: the three storages of an instance over one database."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection
from typing_extensions import override

from runrack.interfaces.storage import Storage
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_type import STATUS_AFTER
from runrack.records.run_status import FINISHED
from runrack_sql.database import Database
from runrack_sql.event_log_storage import SqlEventLogStorage
from runrack_sql.event_writer import EncodedEntry
from runrack_sql.group_commit import GroupCommit
from runrack_sql.retention import SqlRetention
from runrack_sql.retry import repeatable
from runrack_sql.run_storage import SqlRunStorage
from runrack_sql.run_transition import RunTransitions
from runrack_sql.schedule_storage import SqlScheduleStorage
from runrack_sql.slot_queue import free_slots
from runrack_sql.storage_copy import SqlCopy


class SqlStorage(SqlRetention, SqlCopy, Storage):
    """Keeps runs, events and schedules in one database, and changes them in one transaction."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._runs = SqlRunStorage(database)
        self._events = SqlEventLogStorage(database)
        self._schedules = SqlScheduleStorage(database)
        self._group = GroupCommit(self._store)

    @property
    @override
    def run_storage(self) -> SqlRunStorage:
        return self._runs

    @property
    @override
    def event_log_storage(self) -> SqlEventLogStorage:
        return self._events

    @property
    @override
    def schedule_storage(self) -> SqlScheduleStorage:
        return self._schedules

    @override
    @repeatable
    def store_events(
        self, entries: Sequence[EventLogEntry], *, epoch: int | None = None
    ) -> Sequence[EventLogRecord]:
        if not entries:
            return []
        return self._group.write([EncodedEntry(entry, epoch) for entry in entries])

    @override
    @repeatable
    def delete_run(self, run_id: str) -> None:
        with self.database.write() as conn:
            # As in `store_events`, the log comes first: in another order, each might hold what the other waits for.
            self._events.remove_run(conn, run_id)
            self._runs.remove_run(conn, run_id)

    @override
    def dispose(self) -> None:
        self._events.end_all_watches()
        super().dispose()

    def _store(self, encoded: Sequence[EncodedEntry]) -> Sequence[EventLogRecord]:
        return self._events.store(encoded, _RunKeeper(self._runs.transitions).comes_late)


class _RunKeeper:
    """Lets the runs follow the entries of one transaction."""

    def __init__(self, transitions: RunTransitions) -> None:
        self._transitions = transitions
        self._fenced_off: dict[tuple[str, int], bool] = {}

    def comes_late(self, conn: Connection, item: EncodedEntry) -> bool:
        """Apply the entry to its run, and tell whether it came too late for that."""
        entry = item.entry
        if item.epoch is not None and self._is_fenced_off(conn, entry.run_id, item.epoch):
            return True
        status = None if entry.event is None else STATUS_AFTER.get(entry.event.event_type)
        if entry.event is None or status is None:
            return False
        moment = datetime.fromtimestamp(entry.timestamp, UTC)
        if not self._transitions.apply(conn, entry.run_id, entry.event, moment, item.epoch):
            return self._transitions.has_run(conn, entry.run_id)
        if status in FINISHED:
            free_slots(conn, entry.run_id)
        return False

    def _is_fenced_off(self, conn: Connection, run_id: str, epoch: int) -> bool:
        """Tell whether another has taken the run. It stays with whoever has it until the transaction ends."""
        place = (run_id, epoch)
        if place not in self._fenced_off:
            current = self._transitions.hold_epoch(conn, run_id)
            self._fenced_off[place] = current not in {None, epoch}
        return self._fenced_off[place]
