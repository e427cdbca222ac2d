"""AssetCatalog: knows the latest state of every asset."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

from runrack.errors import InvalidArgumentError
from runrack.records.asset_key import AssetKey
from runrack.records.asset_record import AssetRecord, PartitionEvent, PendingPlan
from runrack.records.event import EventLogEntry
from runrack.records.event_type import EventType


class AssetCatalog(ABC):
    """Knows the latest state of every asset, kept up to date with each stored event, never derived from history.

    An asset is in the catalog after a materialization, an observation or a plan was stored for it; after a wipe, only
    when one of those carries a later timestamp than the wipe. For each such event, in the step that stores it:

    - materialization: becomes the latest one (the one written last, whatever its timestamp) and sets the last run id;
    - plan: becomes the latest plan and sets the last run id;
    - observation: becomes the latest one.

    Nothing of this is lost when events that are old are removed from the log.
    """

    @abstractmethod
    def get_asset_records(self, asset_keys: Collection[AssetKey] | None = None) -> Sequence[AssetRecord]:
        """Return the records of the given assets, or of all, ordered by the text of the key.

        - Unknown and wiped assets are left out, duplicates collapse, an empty collection gives nothing.
        """

    @abstractmethod
    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[AssetKey]:
        """Return the keys in the catalog, ordered by their text (`AssetKey.to_string`, by code point).

        - `prefix` are whole leading components; nothing in it is a wildcard.
        - `cursor` is the text of a key, exclusive; it need not exist.
        - `limit` 0 gives nothing, None everything.

        Raises:
            InvalidArgumentError: The limit is negative, or the cursor is no key's text.
        """

    @abstractmethod
    def wipe_asset(self, asset_key: AssetKey) -> None:
        """Hide all that was stored for the asset until now from every asset query; the logs of runs keep it.

        - An unknown asset is no error.
        """

    @abstractmethod
    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Collection[str]) -> None:
        """Hide all that was stored for these partitions until now from every asset query; the logs of runs keep it.

        - The asset stays in the catalog. A latest materialization, observation or plan of one of the partitions gives way
          to the newest event of its kind that is not hidden and still in the log, or to none.
        - Partitions without events, and an unknown asset, are no error.

        Raises:
            InvalidArgumentError: `partition_keys` is one string, or holds something that is no string.
        """

    @abstractmethod
    def get_latest_event_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        partitions: Collection[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, PartitionEvent]:
        """Return partition to its newest event of this type since the last wipe.

        - `event_type` is ASSET_MATERIALIZATION, ASSET_OBSERVATION or ASSET_MATERIALIZATION_PLANNED.
        - Events without a partition do not count. `partitions` None or empty means all.
        - Partitions whose newest storage id is not above `after_cursor` are left out.
        """

    @abstractmethod
    def get_pending_plans(
        self, asset_key: AssetKey, partitions: Collection[str] | None = None
    ) -> Sequence[PendingPlan]:
        """Return the plans of partitions that were not written since, newest first; one for each partition and run.

        A plan goes when its partition is written or wiped, and when its run is deleted or canceled (RUN_CANCELED). When
        its run has ended otherwise (RUN_SUCCESS, RUN_FAILURE), it stays until a newer plan of the partition has come to
        that too: so there are no more than unfinished runs, and one, whatever the history. Late events count for nothing.

        - `partitions` None or empty means all.
        """

    def get_latest_storage_id_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        partitions: Collection[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, int]:
        """Return partition to the storage id of its newest event. As `get_latest_event_by_partition`."""
        newest = self.get_latest_event_by_partition(asset_key, event_type, partitions, after_cursor)
        return {partition: event.storage_id for partition, event in newest.items()}

    def get_latest_planned_materialization_info(
        self, asset_key: AssetKey, partition: str | None = None
    ) -> PartitionEvent | None:
        """Return the newest plan of the asset, or of one of its partitions, since the last wipe; None without one."""
        planned = EventType.ASSET_MATERIALIZATION_PLANNED
        if partition is not None:
            return self.get_latest_event_by_partition(asset_key, planned, [partition]).get(partition)
        for record in self.get_asset_records([asset_key]):
            entry = record.asset_entry
            if entry.last_planned_materialization_storage_id is not None:
                run_id = entry.last_planned_materialization_run_id or ""
                return PartitionEvent(entry.last_planned_materialization_storage_id, run_id)
        return None

    def get_latest_asset_partition_materialization_attempts_without_materializations(
        self, asset_key: AssetKey, after_storage_id: int | None = None
    ) -> Mapping[str, PartitionEvent]:
        """Return partition to its newest plan, for partitions that were not written after it, whatever became of the run.

        - Plans up to `after_storage_id` are left out.
        """
        planned = self.get_latest_event_by_partition(
            asset_key, EventType.ASSET_MATERIALIZATION_PLANNED, after_cursor=after_storage_id
        )
        written = self.get_latest_storage_id_by_partition(
            asset_key, EventType.ASSET_MATERIALIZATION, after_cursor=after_storage_id
        )
        return {name: plan for name, plan in planned.items() if plan.storage_id > written.get(name, 0)}

    def has_asset_key(self, asset_key: AssetKey) -> bool:
        """Tell whether the asset is in the catalog."""
        return bool(self.get_asset_records([asset_key]))

    def all_asset_keys(self) -> Sequence[AssetKey]:
        """Return every key in the catalog, ordered by its text."""
        return self.get_asset_keys()

    def get_latest_materialization_events(
        self, asset_keys: Collection[AssetKey]
    ) -> Mapping[AssetKey, EventLogEntry | None]:
        """Return key to its latest materialization; keys that are not in the catalog are left out."""
        records = self.get_asset_records(asset_keys)
        return {record.asset_entry.asset_key: record.asset_entry.last_materialization for record in records}

    def get_materialized_partitions(
        self, asset_key: AssetKey, before_cursor: int | None = None, after_cursor: int | None = None
    ) -> set[str]:
        """Return the partitions whose newest materialization lies between the two storage ids, both exclusive.

        A partition that was written again from `before_cursor` on is left out, although an older materialization may lie
        between: the answer comes from the latest state, which stays when old events are deleted.
        """
        newest = self.get_latest_storage_id_by_partition(
            asset_key, EventType.ASSET_MATERIALIZATION, after_cursor=after_cursor
        )
        return {
            name for name, storage_id in newest.items() if before_cursor is None or storage_id < before_cursor
        }


def check_partition_keys(partition_keys: Collection[str]) -> Collection[str]:
    """Return the keys of partitions as they are.

    Raises:
        InvalidArgumentError: It is one string, or something in it is no string.
    """
    if isinstance(partition_keys, str) or not all(isinstance(key, str) for key in partition_keys):
        raise InvalidArgumentError("partition_keys is a list of strings, not one string")
    return partition_keys
