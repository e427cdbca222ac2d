"""MemoryRunStorage: keeps runs in dicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from threading import RLock

import msgspec
from typing_extensions import override

from runrack.errors import (
    InvalidArgumentError,
    RunAlreadyExistsError,
    RunNotFoundError,
    SnapshotNotFoundError,
)
from runrack.host.configurable import ConfigurableClassData
from runrack.interfaces.run_storage import RUN_ORDERS, RunStorage
from runrack.records import tags as tag_names
from runrack.records.asset import check_tags
from runrack.records.codec import decode_run, decode_snapshot, encode
from runrack.records.event import Event
from runrack.records.event_data import RunFailureData
from runrack.records.event_type import STATUS_AFTER
from runrack.records.heartbeat import DaemonHeartbeat
from runrack.records.run import Run, RunFailureReason, RunRecord
from runrack.records.run_status import FINISHED, TRANSITIONS, RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.records.snapshot import Snapshot, snapshot_id
from runrack_memory.configurable import MemoryConfigurable
from runrack_memory.limit import checked_limit
from runrack_memory.run_queue import MemoryRunQueue
from runrack_memory.run_selection import order_key, selects


class MemoryRunStorage(MemoryConfigurable, MemoryRunQueue, RunStorage):
    """Keeps runs in memory. Stored runs pass through the codec, so that they cannot be changed from outside."""

    def __init__(self, inst_data: ConfigurableClassData | None = None, lock: RLock | None = None) -> None:
        super().__init__(inst_data)
        self._lock = lock or RLock()
        self._records: dict[str, RunRecord] = {}
        self._last_storage_id = 0
        self._snapshots: dict[str, Snapshot] = {}
        self._heartbeats: dict[str, DaemonHeartbeat] = {}
        self._cursors: dict[str, str] = {}

    @override
    def add_run(self, run: Run, *, create_time: datetime | None = None) -> Run:
        stored = decode_run(encode(run))
        moment = datetime.now(UTC) if create_time is None else create_time.astimezone(UTC)
        with self._lock:
            if run.run_id in self._records:
                raise RunAlreadyExistsError(run.run_id)
            if run.job_snapshot_id is not None and run.job_snapshot_id not in self._snapshots:
                raise SnapshotNotFoundError(run.job_snapshot_id)
            self._last_storage_id += 1
            self._records[run.run_id] = RunRecord(
                storage_id=self._last_storage_id, run=stored, create_timestamp=moment, update_timestamp=moment
            )
        return run

    @override
    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> Sequence[RunRecord]:
        checked_limit(limit)
        if order_by is not None and order_by not in RUN_ORDERS:
            raise InvalidArgumentError(f"runs are ordered by one of {', '.join(RUN_ORDERS)}")
        with self._lock:
            found = list(self._after_cursor(self._select(filters), cursor, ascending))
        found.sort(key=order_key(order_by or "id"), reverse=not ascending)
        return found[:limit]

    @override
    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        with self._lock:
            return sum(1 for _ in self._select(filters))

    @override
    def handle_run_event(
        self, run_id: str, event: Event, *, update_timestamp: datetime | None = None, epoch: int | None = None
    ) -> bool:
        moment = datetime.now(UTC) if update_timestamp is None else update_timestamp.astimezone(UTC)
        with self._lock:
            status = STATUS_AFTER.get(event.event_type)
            record = self._records.get(run_id)
            if status is None or record is None or not self._may_become(record, status, epoch):
                return False
            self._records[run_id] = _moved(record, status, event, moment)
            return True

    @override
    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        added = check_tags(new_tags)
        with self._lock:
            record = self._records.get(run_id)
            if record is None:
                raise RunNotFoundError(run_id)
            run = record.run.with_tags({**record.run.tags, **added})
            self._records[run_id] = msgspec.structs.replace(
                record, run=run, update_timestamp=datetime.now(UTC)
            )

    @override
    def get_run_tags(
        self,
        tag_keys: Collection[str] | None = None,
        value_prefix: str | None = None,
        limit: int | None = None,
    ) -> Sequence[tuple[str, set[str]]]:
        checked_limit(limit)
        pairs = {
            (key, value)
            for key, value in self._tag_pairs()
            if (tag_keys is None or key in tag_keys) and value.startswith(value_prefix or "")
        }
        found: dict[str, set[str]] = defaultdict(set)
        for key, value in sorted(pairs)[:limit]:
            found[key].add(value)
        return list(found.items())

    @override
    def get_run_tag_keys(self) -> Sequence[str]:
        return sorted({key for key, _ in self._tag_pairs()})

    @override
    def delete_run(self, run_id: str) -> None:
        with self._lock:
            self._records.pop(run_id, None)

    @override
    def wipe(self) -> None:
        with self._lock:
            self._records.clear()
            self._snapshots.clear()
            self._heartbeats.clear()

    @override
    def add_snapshot(self, snapshot: Snapshot) -> str:
        key = snapshot_id(snapshot)
        with self._lock:
            self._snapshots[key] = decode_snapshot(encode(snapshot))
        return key

    @override
    def get_snapshot(self, snapshot_id: str) -> Snapshot | None:
        return self._snapshots.get(snapshot_id)

    @override
    def add_daemon_heartbeat(self, daemon_heartbeat: DaemonHeartbeat) -> None:
        with self._lock:
            self._heartbeats[daemon_heartbeat.daemon_type] = daemon_heartbeat

    @override
    def get_daemon_heartbeats(self) -> Mapping[str, DaemonHeartbeat]:
        with self._lock:
            return dict(self._heartbeats)

    @override
    def wipe_daemon_heartbeats(self) -> None:
        with self._lock:
            self._heartbeats.clear()

    @override
    def get_cursor_values(self, keys: Collection[str]) -> Mapping[str, str]:
        with self._lock:
            return {key: self._cursors[key] for key in keys if key in self._cursors}

    @override
    def set_cursor_values(self, values: Mapping[str, str]) -> None:
        with self._lock:
            self._cursors.update(values)

    def _select(self, filters: RunsFilter | None) -> Iterable[RunRecord]:
        chosen = filters or RunsFilter()
        if chosen.run_ids is None:
            candidates: Iterable[RunRecord] = self._records.values()
        else:
            candidates = [self._records[key] for key in set(chosen.run_ids) if key in self._records]
        return (record for record in candidates if selects(chosen, record))

    def _after_cursor(
        self, records: Iterable[RunRecord], cursor: str | None, ascending: bool
    ) -> Iterable[RunRecord]:
        if not cursor:
            return records
        place = self._records.get(cursor)
        if place is None:
            return ()
        return (
            record
            for record in records
            if (record.storage_id > place.storage_id if ascending else record.storage_id < place.storage_id)
        )

    def _may_become(self, record: RunRecord, status: RunStatus, epoch: int | None) -> bool:
        return status in TRANSITIONS[record.run.status] and epoch in {None, record.epoch}

    def _tag_pairs(self) -> list[tuple[str, str]]:
        with self._lock:
            return [pair for record in self._records.values() for pair in record.run.tags.items()]


def _moved(record: RunRecord, status: RunStatus, event: Event, moment: datetime) -> RunRecord:
    run = record.run.with_status(status)
    failure = event.event_specific_data
    if isinstance(failure, RunFailureData) and failure.failure_reason is not RunFailureReason.UNKNOWN:
        run = run.with_tags({**run.tags, tag_names.FAILURE_REASON: failure.failure_reason.value})
    seconds = moment.timestamp()
    has_ended = status in FINISHED
    return msgspec.structs.replace(
        record,
        run=run,
        update_timestamp=moment,
        start_time=seconds if status is RunStatus.STARTED else record.start_time,
        end_time=seconds if has_ended else record.end_time,
        owner=None if has_ended else record.owner,
        lease_expires=None if has_ended else record.lease_expires,
    )
