"""AssetHistory: what the log tells about assets beyond their latest state."""

from abc import ABC
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from runrack.errors import InvalidArgumentError
from runrack.interfaces.asset_catalog import AssetCatalog
from runrack.interfaces.event_log import EventLog, EventQuery
from runrack.records import tags as tag_names
from runrack.records.asset_key import AssetKey
from runrack.records.event import EventLogRecord
from runrack.records.event_filter import AssetRecordsFilter, EventRecordsResult
from runrack.records.event_type import ASSET_TYPES, EventType

_PORTION = 1_000
"""How many events are held in memory while many are read."""


class AssetKeyPartition(NamedTuple):
    """An asset, or one partition of it."""

    asset_key: AssetKey
    partition_key: str | None


class AssetHistory(EventLog, AssetCatalog, ABC):
    """Answers questions about the events of assets that are still in the log and hidden by no wipe.

    Built on `EventLog.query_events` alone: a storage that has that and the catalog has this.
    """

    def fetch_planned_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the plans of one asset. As `EventLog.fetch_materializations`."""
        return self._fetch_asset_events(
            EventType.ASSET_MATERIALIZATION_PLANNED, records_filter, limit, cursor, ascending
        )

    def get_asset_partitions_for_run(
        self, run_id: str, of_type: EventType | Collection[EventType] | None = None
    ) -> Sequence[AssetKeyPartition]:
        """Return the assets, and partitions of them, that a run's events are about; each once, first met first.

        - `of_type` None or empty means every type of asset event. A wipe hides nothing: the log of a run keeps it.
        """
        types = frozenset({of_type} if isinstance(of_type, EventType) else of_type or ASSET_TYPES)
        records = self.query_events(EventQuery(run_id=run_id, event_types=types))
        found = (
            AssetKeyPartition(record.asset_key, record.partition_key)
            for record in records
            if record.asset_key is not None
        )
        return list(dict.fromkeys(found))

    def get_asset_keys_for_run(
        self, run_id: str, of_type: EventType | Collection[EventType] | None = None
    ) -> Sequence[AssetKey]:
        """Return the assets that a run's events are about. As `get_asset_partitions_for_run`."""
        partitions = self.get_asset_partitions_for_run(run_id, of_type)
        return list(dict.fromkeys(asset_key for asset_key, _ in partitions))

    def get_event_tags_for_asset(
        self,
        asset_key: AssetKey,
        filter_tags: Mapping[str, str] | None = None,
        filter_event_id: int | None = None,
    ) -> Sequence[Mapping[str, str]]:
        """Return the indexed tags of each materialization and observation that has any, oldest first.

        - Indexed are `runrack/data_version` and `runrack/partition/<dimension>`.
        - All of `filter_tags` must be on the same event. `filter_event_id` is a storage id.
        - The cost grows with the events of the asset, unless an id is given.
        """
        wanted = dict(filter_tags or {}).items()
        tags = (_indexed_tags(record) for record in self._data_events(asset_key, filter_event_id))
        return [of_event for of_event in tags if of_event and wanted <= of_event.items()]

    def get_latest_tags_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        tag_keys: Collection[str],
        asset_partitions: Collection[str] | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, Mapping[str, str]]:
        """Return partition to those of the tags that its newest event of a type carries; without any it is left out.

        - Events without a partition do not count. `asset_partitions` None or empty means all.
        - With bounds, the newest event between the two storage ids, both exclusive.
        - The cost grows with the partitions, not with the history.

        Raises:
            InvalidArgumentError: `tag_keys` is one string, or empty, or one of them is not indexed: see
                `get_event_tags_for_asset`.
        """
        wanted = _checked_tag_keys(tag_keys)
        records = self._newest_by_partition(
            asset_key, event_type, asset_partitions, before_cursor, after_cursor
        )
        found = {
            record.partition_key: {name: tag for name, tag in _indexed_tags(record).items() if name in wanted}
            for record in records
            if record.partition_key is not None
        }
        return {partition: tags for partition, tags in found.items() if tags}

    def get_updated_data_version_partitions(
        self, asset_key: AssetKey, partitions: Collection[str], since_storage_id: int
    ) -> set[str]:
        """Return those of the partitions whose data version is another one than it was up to a storage id.

        - The version is that of the newest materialization. A partition that had none is another one now.
        - One that was not written since, or last without a version, is left out.
        """
        if not partitions:
            return set()
        written, key = EventType.ASSET_MATERIALIZATION, tag_names.DATA_VERSION
        now = self.get_latest_tags_by_partition(
            asset_key, written, [key], partitions, after_cursor=since_storage_id
        )
        if not now:
            return set()
        before = self.get_latest_tags_by_partition(
            asset_key, written, [key], list(now), before_cursor=since_storage_id + 1
        )
        return {partition for partition, tags in now.items() if before.get(partition) != tags}

    def get_latest_data_version_record(
        self,
        asset_key: AssetKey,
        is_source: bool | None = None,
        partition_key: str | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> EventLogRecord | None:
        """Return the newest event that tells which data an asset holds; None without one.

        Args:
            asset_key: Which asset.
            is_source: True looks at observations, False at materializations, None at materializations and, without one, at
                observations.
            partition_key: Only this partition.
            before_cursor: Only events with a smaller storage id.
            after_cursor: Only events with a greater storage id.
        """
        kinds = {
            True: [EventType.ASSET_OBSERVATION],
            False: [EventType.ASSET_MATERIALIZATION],
            None: [EventType.ASSET_MATERIALIZATION, EventType.ASSET_OBSERVATION],
        }
        for kind in kinds[is_source]:
            query = EventQuery(
                asset_key=asset_key,
                event_types=frozenset({kind}),
                partitions=None if partition_key is None else (partition_key,),
                before_id=before_cursor,
                after_id=after_cursor,
                ascending=False,
                limit=1,
            )
            for record in self.query_events(query):
                return record
        return None

    def get_asset_check_evaluations(
        self, asset_key: AssetKey, check_name: str, limit: int, before_id: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Return the evaluations of one check of an asset, newest stored first, at most `limit`.

        - Only those with a storage id smaller than `before_id`.
        - The cost grows with the evaluations of other checks of the same asset that lie between.

        Raises:
            InvalidArgumentError: The limit is negative.
        """
        if limit < 0:
            raise InvalidArgumentError("a limit is 0 or more")
        found: list[EventLogRecord] = []
        place = before_id
        while len(found) < limit:
            query = EventQuery(
                asset_key=asset_key,
                event_types=frozenset({EventType.ASSET_CHECK_EVALUATION}),
                before_id=place,
                ascending=False,
                limit=_PORTION,
            )
            portion = self.query_events(query)
            found += [record for record in portion if _check_name(record) == check_name]
            if len(portion) < _PORTION:
                break
            place = portion[-1].storage_id
        return found[:limit]

    def _newest_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        partitions: Collection[str] | None,
        before_id: int | None,
        after_id: int | None,
    ) -> Iterator[EventLogRecord]:
        """Yield the newest event of each partition between two storage ids, as far as the log still holds it."""
        newest = self.get_latest_storage_id_by_partition(asset_key, event_type, partitions, after_id)
        of_asset = EventQuery(asset_key=asset_key, event_types=frozenset({event_type}), ascending=False)
        is_in_bounds = {name: before_id is None or place < before_id for name, place in newest.items()}
        ids = iter([newest[name] for name, is_in in is_in_bounds.items() if is_in])
        while portion := tuple(islice(ids, _PORTION)):
            yield from self.query_events(replace(of_asset, storage_ids=portion))
        for name in (name for name, is_in in is_in_bounds.items() if not is_in):
            of_partition = replace(of_asset, partitions=(name,), before_id=before_id, after_id=after_id)
            yield from self.query_events(replace(of_partition, limit=1))

    def _data_events(self, asset_key: AssetKey, storage_id: int | None) -> Iterator[EventLogRecord]:
        """Yield the materializations and observations of an asset, or only one, oldest first."""
        place: int | None = None
        while True:
            query = EventQuery(
                asset_key=asset_key,
                event_types=frozenset({EventType.ASSET_MATERIALIZATION, EventType.ASSET_OBSERVATION}),
                storage_ids=None if storage_id is None else (storage_id,),
                after_id=place,
                limit=_PORTION,
            )
            portion = self.query_events(query)
            yield from portion
            if len(portion) < _PORTION:
                return
            place = portion[-1].storage_id


def _checked_tag_keys(tag_keys: Collection[str]) -> frozenset[str]:
    if isinstance(tag_keys, str) or not tag_keys or not all(map(tag_names.is_indexed, tag_keys)):
        raise InvalidArgumentError(
            f"tag_keys is a list of {tag_names.DATA_VERSION} and {tag_names.PARTITION_DIMENSION_PREFIX}<dimension>"
        )
    return frozenset(tag_keys)


def _indexed_tags(record: EventLogRecord) -> dict[str, str]:
    about = record.asset_materialization or record.asset_observation
    tags = {} if about is None else about.tags
    return {name: value for name, value in tags.items() if tag_names.is_indexed(name)}


def _check_name(record: EventLogRecord) -> str | None:
    evaluation = record.event_log_entry.asset_check_evaluation
    return None if evaluation is None else evaluation.check_name
