"""AssetState: the latest state of one asset, changed by each event about it."""

from collections import defaultdict
from collections.abc import Collection, Iterable

import msgspec

from runrack.records.asset_key import AssetKey
from runrack.records.asset_record import AssetEntry, AssetRecord, PartitionEvent
from runrack.records.event import EventLogRecord
from runrack.records.event_type import EventType
from runrack_memory.pending_plans import PendingPlans

CATALOGUED = frozenset(
    {EventType.ASSET_MATERIALIZATION, EventType.ASSET_OBSERVATION, EventType.ASSET_MATERIALIZATION_PLANNED}
)
"""The types of events that put an asset into the catalog."""

_LATEST = {
    "last_materialization_record": EventType.ASSET_MATERIALIZATION,
    "last_observation_record": EventType.ASSET_OBSERVATION,
}
"""The fields of an `AssetEntry` that hold the latest event of a type."""


class AssetState:
    """The latest state of one asset.

    Attributes:
        is_listed: Whether the asset is in the catalog.
        hidden_up_to: The storage id up to which the last wipe hides its events; 0 when it was never wiped.
    """

    def __init__(self, row_id: int, asset_key: AssetKey) -> None:
        self._row_id = row_id
        self._entry = AssetEntry(asset_key)
        self._newest: dict[EventType, dict[str, PartitionEvent]] = defaultdict(dict)
        self._hidden_partitions: dict[str, int] = {}
        self.plans = PendingPlans()
        self.is_listed = False
        self.hidden_up_to = 0

    def apply(self, record: EventLogRecord) -> None:
        """Follow one stored event of a catalogued type."""
        wiped = self._entry.last_wipe_timestamp
        if wiped is None or record.timestamp > wiped:
            self.is_listed = True
        self._entry = msgspec.structs.replace(self._entry, **_changes(record))
        self._note_partition(record)
        self.plans.apply(record)

    def wipe(self, storage_id: int, timestamp: float) -> None:
        """Forget the state; events up to `storage_id` are hidden from now on."""
        self._entry = AssetEntry(self._entry.asset_key, last_wipe_timestamp=timestamp)
        self._newest.clear()
        self._hidden_partitions.clear()
        self.plans.clear()
        self.is_listed = False
        self.hidden_up_to = storage_id

    def hide_partitions(self, partitions: Collection[str], storage_id: int) -> None:
        """Forget some partitions; their events up to `storage_id` are hidden from now on."""
        for partition in partitions:
            self._hidden_partitions[partition] = storage_id
            self.plans.drop_partition(partition)
            for newest in self._newest.values():
                newest.pop(partition, None)

    def is_hidden(self, record: EventLogRecord) -> bool:
        """Tell whether a wipe, of the asset or of the partition, hides the event."""
        hidden_up_to = self.hidden_up_to
        if record.partition_key is not None:
            hidden_up_to = max(hidden_up_to, self._hidden_partitions.get(record.partition_key, 0))
        return record.storage_id <= hidden_up_to

    def forget_hidden(self, remaining: Iterable[EventLogRecord]) -> None:
        """Give up latest events that are hidden, for the newest of `remaining` (oldest first)."""
        newest = {record.event_type: record for record in remaining if record.event_type in CATALOGUED}
        planned = newest.get(EventType.ASSET_MATERIALIZATION_PLANNED)
        changes: dict[str, object] = {}
        for name, event_type in _LATEST.items():
            latest: EventLogRecord | None = getattr(self._entry, name)
            if latest is not None and self.is_hidden(latest):
                changes[name] = newest.get(event_type)
        latest_plan = self._entry.last_planned_materialization_storage_id
        if latest_plan is not None and (planned is None or planned.storage_id != latest_plan):
            changes["last_planned_materialization_storage_id"] = (
                None if planned is None else planned.storage_id
            )
            changes["last_planned_materialization_run_id"] = None if planned is None else planned.run_id
        self._entry = msgspec.structs.replace(self._entry, **changes)

    def fall_back(self, gone: Collection[int], remaining: Iterable[EventLogRecord]) -> None:
        """Give up what the storage ids `gone` brought, for the newest of `remaining` (oldest first)."""
        latest = self._entry.last_materialization_record
        lost_latest = latest is not None and latest.storage_id in gone
        if lost_latest:
            latest = None
        self._newest.clear()
        for record in remaining:
            self._note_partition(record)
            if lost_latest and record.event_type is EventType.ASSET_MATERIALIZATION:
                latest = record
        self._entry = msgspec.structs.replace(self._entry, last_materialization_record=latest)

    def newest_by_partition(self, event_type: EventType) -> dict[str, PartitionEvent]:
        """Return partition to its newest event of this type."""
        return dict(self._newest.get(event_type, {}))

    def to_record(self) -> AssetRecord:
        """Return the row of the catalog."""
        return AssetRecord(self._row_id, self._entry)

    def _note_partition(self, record: EventLogRecord) -> None:
        if record.partition_key is not None and record.event_type in CATALOGUED:
            event = PartitionEvent(record.storage_id, record.run_id)
            self._newest[record.event_type][record.partition_key] = event


def _changes(record: EventLogRecord) -> dict[str, object]:
    """Return the fields of an `AssetEntry` that the event sets."""
    if record.event_type is EventType.ASSET_OBSERVATION:
        return {"last_observation_record": record}
    if record.event_type is EventType.ASSET_MATERIALIZATION:
        return {"last_materialization_record": record, "last_run_id": record.run_id}
    return {
        "last_planned_materialization_storage_id": record.storage_id,
        "last_planned_materialization_run_id": record.run_id,
        "last_run_id": record.run_id,
    }
