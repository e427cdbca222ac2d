"""MemoryEventLogStorage: keeps the event log and the asset catalog in dicts."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from threading import RLock

from typing_extensions import override

from runrack.host.configurable import ConfigurableClassData
from runrack.interfaces.asset_catalog import check_partition_keys
from runrack.interfaces.event_log import EventQuery
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.interfaces.retention import EventKind, Pruned
from runrack.records.asset_key import AssetKey
from runrack.records.asset_record import AssetRecord, PartitionEvent, PendingPlan
from runrack.records.codec import decode_event, encode
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_type import EventType
from runrack_memory.asset_state import CATALOGUED, AssetState
from runrack_memory.concurrency_slots import MemoryConcurrencySlots
from runrack_memory.configurable import MemoryConfigurable
from runrack_memory.dynamic_partitions import MemoryDynamicPartitions
from runrack_memory.journal import Journal
from runrack_memory.limit import checked_limit
from runrack_memory.pending_plans import DECIDING
from runrack_memory.retention import prune_events


class MemoryEventLogStorage(
    MemoryConfigurable, MemoryDynamicPartitions, MemoryConcurrencySlots, EventLogStorage
):
    """Keeps events and what follows from them in memory. Stored entries pass through the codec."""

    def __init__(self, inst_data: ConfigurableClassData | None = None, lock: RLock | None = None) -> None:
        MemoryConfigurable.__init__(self, inst_data)
        MemoryDynamicPartitions.__init__(self)
        MemoryConcurrencySlots.__init__(self)
        self._lock = lock or RLock()
        self._journal = Journal()
        self._assets: dict[AssetKey, AssetState] = {}

    @override
    def store_events(
        self, entries: Sequence[EventLogEntry], *, late_event_ids: Collection[str] = ()
    ) -> Sequence[EventLogRecord]:
        # Nothing can fail after this line: so all are stored, or none.
        stored_forms = [decode_event(encode(entry)) for entry in entries]
        with self._lock:
            return [self._store(entry, late=entry.event_id in late_event_ids) for entry in stored_forms]

    @override
    def query_events(self, query: EventQuery) -> Sequence[EventLogRecord]:
        with self._lock:
            asset = None if query.asset_key is None else self._assets.get(query.asset_key)
            return self._journal.select(query, (lambda _: False) if asset is None else asset.is_hidden)

    @override
    def delete_events(self, run_id: str) -> None:
        with self._lock:
            gone = self._journal.remove_run(run_id)
            for key in {record.asset_key for record in gone.values() if record.asset_key in self._assets}:
                self._assets[key].fall_back(gone, self.query_events(EventQuery(asset_key=key)))
            for asset in self._assets.values():
                asset.plans.drop_run(run_id)
            self.free_concurrency_slots_for_run(run_id)

    @override
    def wipe(self) -> None:
        with self._lock:
            self._journal.clear()
            self._assets.clear()
            self.clear_dynamic_partitions()
            self.clear_concurrency_slots()

    @override
    def get_asset_records(self, asset_keys: Collection[AssetKey] | None = None) -> Sequence[AssetRecord]:
        with self._lock:
            listed = self._listed(self._assets if asset_keys is None else set(asset_keys))
            return [self._assets[key].to_record() for key in listed]

    @override
    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[AssetKey]:
        checked_limit(limit)
        after = None if cursor is None else AssetKey.from_string(cursor).to_string()
        with self._lock:
            listed = self._listed(self._assets)
        found = [
            key
            for key in listed
            if key.has_prefix(prefix or ()) and (after is None or key.to_string() > after)
        ]
        return found[:limit]

    @override
    def wipe_asset(self, asset_key: AssetKey) -> None:
        with self._lock:
            asset = self._assets.get(asset_key)
            if asset is not None:
                asset.wipe(self._journal.last_id, time.time())

    @override
    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Collection[str]) -> None:
        checked_keys = check_partition_keys(partition_keys)
        with self._lock:
            asset = self._assets.get(asset_key)
            if asset is not None:
                asset.hide_partitions(checked_keys, self._journal.last_id)
                asset.forget_hidden(self.query_events(EventQuery(asset_key=asset_key)))

    @override
    def get_latest_event_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        partitions: Collection[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, PartitionEvent]:
        with self._lock:
            asset = self._assets.get(asset_key)
            newest = {} if asset is None else asset.newest_by_partition(event_type)
        wanted = set(partitions or ())
        return {
            name: event
            for name, event in newest.items()
            if (not wanted or name in wanted) and (after_cursor is None or event.storage_id > after_cursor)
        }

    @override
    def get_pending_plans(
        self, asset_key: AssetKey, partitions: Collection[str] | None = None
    ) -> Sequence[PendingPlan]:
        with self._lock:
            asset = self._assets.get(asset_key)
            return [] if asset is None else asset.plans.select(set(partitions or ()))

    def prune_events(
        self, kept: Mapping[EventKind, timedelta], now: datetime, *, dry_run: bool = False
    ) -> Iterator[Pruned]:
        """As `SupportsRetention.prune_events`."""
        steps = prune_events(self._journal, kept, now, dry_run=dry_run)
        while True:
            with self._lock:
                step = next(steps, None)
            if step is None:
                return
            yield step

    def has_event(self, event_id: str) -> bool:
        """Tell whether an entry with this id is stored."""
        return self._journal.find(event_id) is not None

    def _store(self, entry: EventLogEntry, *, late: bool) -> EventLogRecord:
        known = self._journal.find(entry.event_id)
        if known is not None:
            return known
        record = self._journal.append(entry, late=late)
        if late:
            return record
        if record.asset_key is not None and entry.event_type in CATALOGUED:
            self._asset(record.asset_key).apply(record)
        self._end_plans(record)
        return record

    def _end_plans(self, record: EventLogRecord) -> None:
        """Let the plans of a run follow its end."""
        event_type = record.event_log_entry.event_type
        if event_type in DECIDING:
            for asset in self._assets.values():
                asset.plans.decide(record.run_id)
        elif event_type is EventType.RUN_CANCELED:
            for asset in self._assets.values():
                asset.plans.drop_run(record.run_id)

    def _asset(self, asset_key: AssetKey) -> AssetState:
        return self._assets.setdefault(asset_key, AssetState(len(self._assets) + 1, asset_key))

    def _listed(self, asset_keys: Iterable[AssetKey]) -> list[AssetKey]:
        listed = [key for key in asset_keys if key in self._assets and self._assets[key].is_listed]
        return sorted(listed, key=AssetKey.to_string)
