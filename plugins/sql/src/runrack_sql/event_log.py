"""SqlEventLog: keeps the log in a database."""

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection, delete, func, select
from typing_extensions import override

from runrack.interfaces.event_log import EventLog, EventQuery
from runrack.interfaces.event_watch import WatchSignal
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack_sql.asset_fallback import AssetFallback
from runrack_sql.asset_writer import AssetWriter
from runrack_sql.database import Database
from runrack_sql.event_query import select_events
from runrack_sql.event_row import event_record
from runrack_sql.event_writer import EncodedEntry, EventWriter, hold_log
from runrack_sql.group_commit import GroupCommit
from runrack_sql.part import SqlPart
from runrack_sql.retry import repeatable
from runrack_sql.schema import (
    asset_partition_wipes,
    asset_partitions,
    asset_plans,
    assets,
    dynamic_partitions,
    events,
    slot_claims,
    slot_limits,
)
from runrack_sql.slot_queue import free_slots

_TABLES = (
    events,
    assets,
    asset_partitions,
    asset_plans,
    asset_partition_wipes,
    dynamic_partitions,
    slot_claims,
    slot_limits,
)
"""What a wipe empties."""


ComesLate = Callable[[Connection, EncodedEntry], bool]
"""Applies an entry to its run, and tells whether it came too late for that."""


def _comes_in_time(_conn: Connection, _item: EncodedEntry) -> bool:
    return False


class SqlEventLog(EventLog, SqlPart):
    """Keeps the log, and the asset catalog in step with it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._writer = EventWriter(database.dialect)
        self._asset_writer = AssetWriter(database.dialect)
        self._group = GroupCommit(self.store)

    @override
    @repeatable
    def store_events(
        self, entries: Sequence[EventLogEntry], *, late_event_ids: Collection[str] = ()
    ) -> Sequence[EventLogRecord]:
        if not entries:
            return []
        return self._group.write(
            [EncodedEntry(entry, is_late=entry.event_id in late_event_ids) for entry in entries]
        )

    def store(
        self, encoded: Sequence[EncodedEntry], comes_late: ComesLate = _comes_in_time
    ) -> Sequence[EventLogRecord]:
        """As `store_events`, in one transaction; `comes_late` is asked once for each new entry, in their order.

        Entries that change nothing but the log, and are of no epoch, may be stored without asking.
        """
        if self._writer.can_append_at_once(encoded) and all(item.changes_log_only for item in encoded):
            with self.database.write_at_once() as conn:
                records = self._writer.append_at_once(conn, encoded)
            if records is not None:
                return records
        with self.database.write() as conn:
            return self.append(conn, encoded, comes_late)

    def append(
        self, conn: Connection, encoded: Sequence[EncodedEntry], comes_late: ComesLate = _comes_in_time
    ) -> Sequence[EventLogRecord]:
        """As `store`, inside the transaction of `conn`."""
        records, new = self._writer.append(conn, encoded)
        items = {item.entry.event_id: item for item in encoded}
        late = [record for event_id, record in new.items() if comes_late(conn, items[event_id])]
        if late:
            marked = {record.storage_id: record for record in self._writer.mark_late(conn, late)}
            records = [marked.get(record.storage_id, record) for record in records]
            new = {event_id: marked.get(record.storage_id, record) for event_id, record in new.items()}
        self._asset_writer.follow(conn, new.values(), {event_id: items[event_id].row for event_id in new})
        return records

    @override
    @repeatable
    def query_events(self, query: EventQuery) -> Sequence[EventLogRecord]:
        with self.database.read() as conn:
            rows = select_events(conn, query)
        return [event_record(row.id, row.body, row.run_id, late=bool(row.late)) for row in rows]

    @override
    @repeatable
    def get_maximum_record_id(self) -> int | None:
        with self.database.read() as conn:
            return conn.execute(select(func.max(events.c.id))).scalar()

    @override
    def make_watch_signal(self) -> WatchSignal:
        return self.database.make_watch_signal()

    @override
    @repeatable
    def delete_events(self, run_id: str) -> None:
        with self.database.write() as conn:
            self.remove_run(conn, run_id)

    def remove_run(self, conn: Connection, run_id: str) -> None:
        """As `delete_events`, inside the transaction of `conn`."""
        hold_log(conn)
        fallback = AssetFallback(conn, run_id)
        conn.execute(delete(events).where(events.c.run_id == run_id))
        fallback.apply()
        self._asset_writer.plans.drop_run(conn, run_id)
        free_slots(conn, run_id)

    @override
    @repeatable
    def wipe(self) -> None:
        with self.database.write() as conn:
            self.clear(conn)

    def clear(self, conn: Connection) -> None:
        """As `wipe`, inside the transaction of `conn`."""
        hold_log(conn)
        for table in _TABLES:
            conn.execute(delete(table))
