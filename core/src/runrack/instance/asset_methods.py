"""What an instance answers about assets, and how assets are reported and wiped."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from runrack.definitions.partitions import PartitionsDefinition
from runrack.errors import InvalidArgumentError
from runrack.instance.event_methods import EventMethods
from runrack.instance.partition_status import partition_status
from runrack.interfaces.asset_history import AssetKeyPartition
from runrack.records import tags as tag_names
from runrack.records.asset import (
    AssetCheckEvaluation,
    AssetMaterialization,
    AssetObservation,
    AssetPartitionStatus,
    RunlessAssetEvent,
)
from runrack.records.asset_key import AssetKey
from runrack.records.asset_record import AssetRecord, PartitionEvent
from runrack.records.event import Event, EventLogEntry, EventLogRecord
from runrack.records.event_data import (
    AssetCheckEvaluationData,
    AssetObservationData,
    AssetWipedData,
    StepMaterializationData,
)
from runrack.records.event_filter import AssetRecordsFilter, EventRecordsResult
from runrack.records.event_type import EventType
from runrack.records.page import PaginatedResults

RUNLESS = ""
"""The run id of events that belong to no run."""


class AssetMethods(EventMethods):
    """Assets and dynamic partitions. Promises as in `AssetCatalog`, `EventLog` and `DynamicPartitions`."""

    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[AssetKey]:
        """Return known, not wiped keys, ordered by their text. As `AssetCatalog.get_asset_keys`."""
        return self.event_log_storage.get_asset_keys(prefix, limit, cursor)

    def all_asset_keys(self) -> Sequence[AssetKey]:
        """Return every known, not wiped key, ordered by its text."""
        return self.event_log_storage.all_asset_keys()

    def has_asset_key(self, asset_key: AssetKey) -> bool:
        """Tell whether the asset is known and not wiped."""
        return self.event_log_storage.has_asset_key(asset_key)

    def get_asset_records(self, asset_keys: Collection[AssetKey] | None = None) -> Sequence[AssetRecord]:
        """Return the latest state of assets, ordered by the text of the key. As `AssetCatalog.get_asset_records`."""
        return self.event_log_storage.get_asset_records(asset_keys)

    def get_latest_materialization_event(self, asset_key: AssetKey) -> EventLogEntry | None:
        """Return the entry of the newest materialization since the last wipe, or None."""
        return self.event_log_storage.get_latest_materialization_events([asset_key]).get(asset_key)

    def get_latest_materialization_events(
        self, asset_keys: Collection[AssetKey]
    ) -> Mapping[AssetKey, EventLogEntry | None]:
        """Return key to its newest materialization. As `AssetCatalog.get_latest_materialization_events`."""
        return self.event_log_storage.get_latest_materialization_events(asset_keys)

    def get_latest_materialization_code_versions(
        self, asset_keys: Collection[AssetKey]
    ) -> Mapping[AssetKey, str | None]:
        """Return, for each key asked for, the code version of its newest materialization.

        - A materialization that a run reported without a code version has the run's id instead.
        - None for an asset that was never materialized, or only reported from outside without a version.
        """
        events = self.get_latest_materialization_events(asset_keys)
        return {key: _code_version(events.get(key)) for key in asset_keys}

    def fetch_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the materializations of one asset. As `EventLog.fetch_materializations`."""
        return self.event_log_storage.fetch_materializations(records_filter, limit, cursor, ascending)

    def fetch_observations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the observations of one asset. As `EventLog.fetch_materializations`."""
        return self.event_log_storage.fetch_observations(records_filter, limit, cursor, ascending)

    def fetch_planned_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the plans of one asset. As `EventLog.fetch_materializations`."""
        return self.event_log_storage.fetch_planned_materializations(records_filter, limit, cursor, ascending)

    def get_asset_keys_for_run(
        self, run_id: str, of_type: EventType | Collection[EventType] | None = None
    ) -> Sequence[AssetKey]:
        """Return the assets that a run's events are about. As `AssetHistory.get_asset_keys_for_run`."""
        return self.event_log_storage.get_asset_keys_for_run(run_id, of_type)

    def get_asset_partitions_for_run(
        self, run_id: str, of_type: EventType | Collection[EventType] | None = None
    ) -> Sequence[AssetKeyPartition]:
        """Return the partitions of assets that a run's events are about. As in `AssetHistory`."""
        return self.event_log_storage.get_asset_partitions_for_run(run_id, of_type)

    def get_event_tags_for_asset(
        self,
        asset_key: AssetKey,
        filter_tags: Mapping[str, str] | None = None,
        filter_event_id: int | None = None,
    ) -> Sequence[Mapping[str, str]]:
        """Return the indexed tags of an asset's events. As `AssetHistory.get_event_tags_for_asset`."""
        return self.event_log_storage.get_event_tags_for_asset(asset_key, filter_tags, filter_event_id)

    def get_latest_planned_materialization_info(
        self, asset_key: AssetKey, partition: str | None = None
    ) -> PartitionEvent | None:
        """Return the newest plan of an asset. As `AssetCatalog.get_latest_planned_materialization_info`."""
        return self.event_log_storage.get_latest_planned_materialization_info(asset_key, partition)

    def get_latest_data_version_record(
        self,
        key: AssetKey,
        is_source: bool | None = None,
        partition_key: str | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> EventLogRecord | None:
        """Return what tells which data an asset holds. As `AssetHistory.get_latest_data_version_record`."""
        return self.event_log_storage.get_latest_data_version_record(
            key, is_source, partition_key, before_cursor, after_cursor
        )

    def get_materialized_partitions(
        self, asset_key: AssetKey, before_cursor: int | None = None, after_cursor: int | None = None
    ) -> set[str]:
        """Return the partitions that were written. As `AssetCatalog.get_materialized_partitions`."""
        return self.event_log_storage.get_materialized_partitions(asset_key, before_cursor, after_cursor)

    def get_latest_storage_id_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        partitions: Collection[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, int]:
        """Return partition to its newest event. As `AssetCatalog.get_latest_storage_id_by_partition`."""
        return self.event_log_storage.get_latest_storage_id_by_partition(
            asset_key, event_type, partitions, after_cursor
        )

    def get_status_by_partition(
        self, asset_key: AssetKey, partition_keys: Collection[str], partitions_def: PartitionsDefinition
    ) -> Mapping[str, AssetPartitionStatus | None] | None:
        """Return each partition asked for with its status; None when the asset was never written nor planned.

        - MATERIALIZED: written since the last wipe, and nothing newer says otherwise.
        - IN_PROGRESS: a run that is to write it, planned after it was last written, is not finished.
        - FAILED: the same, and the run failed.
        - None: nothing of this, or the definition has no partition with this key.
        - A run that was canceled or deleted counts for nothing; what was planned before it counts instead. Of runs that
          ended otherwise, the newest is remembered: see `AssetCatalog.get_pending_plans`.

        Raises:
            InvalidArgumentError: `partition_keys` is one string.
        """
        if isinstance(partition_keys, str):
            raise InvalidArgumentError(
                "get_status_by_partition takes a list of partition keys, not one string"
            )
        if not self._was_written_or_planned(asset_key):
            return None
        valid = partitions_def.select_partition_keys(partition_keys, dynamic_partitions=self)
        known = partition_status(self.event_log_storage, self.run_storage, asset_key, valid) if valid else {}
        return {key: known.get(key) for key in partition_keys}

    def report_runless_asset_event(self, asset_event: RunlessAssetEvent) -> None:
        """Store something about an asset that happened outside of any run.

        Raises:
            InvalidArgumentError: It is no materialization, observation or check evaluation.
        """
        self.report_event(_runless_event(asset_event), RUNLESS)

    def wipe_assets(self, asset_keys: Sequence[AssetKey]) -> None:
        """Hide the history of assets from every asset query and record that; the logs of runs keep it.

        - Unknown assets are no error. An asset that is written again is known again.

        Raises:
            InvalidArgumentError: `asset_keys` is no list of keys.
        """
        if not isinstance(asset_keys, list) or not all(isinstance(key, AssetKey) for key in asset_keys):
            raise InvalidArgumentError("wipe_assets takes a list of AssetKey")
        for key in asset_keys:
            self.event_log_storage.wipe_asset(key)
            wiped = Event(
                EventType.ASSET_WIPED,
                "",
                message=f"Wiped {key.to_user_string()}.",
                event_specific_data=AssetWipedData(key),
            )
            self.report_event(wiped, RUNLESS)

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Hide the history of some partitions from every asset query and record that; the logs of runs keep it.

        - Partitions without history, and an unknown asset, are no error.

        Raises:
            InvalidArgumentError: `partition_keys` is one string, or holds something that is no string.
        """
        self.event_log_storage.wipe_asset_partitions(asset_key, partition_keys)
        wiped = Event(
            EventType.ASSET_WIPED,
            "",
            message=f"Wiped {len(partition_keys)} partitions of {asset_key.to_user_string()}.",
            event_specific_data=AssetWipedData(asset_key, tuple(partition_keys)),
        )
        self.report_event(wiped, RUNLESS)

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Add the keys that are missing. As `DynamicPartitions.add_dynamic_partitions`."""
        self.event_log_storage.add_dynamic_partitions(partitions_def_name, partition_keys)

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys in the order in which they were added."""
        return self.event_log_storage.get_dynamic_partitions(partitions_def_name)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether the key exists."""
        return self.event_log_storage.has_dynamic_partition(partitions_def_name, partition_key)

    def get_paginated_dynamic_partitions(
        self, partitions_def_name: str, limit: int, ascending: bool = True, cursor: str | None = None
    ) -> PaginatedResults[str]:
        """Return a page of the keys. As `DynamicPartitions.get_paginated_dynamic_partitions`."""
        return self.event_log_storage.get_paginated_dynamic_partitions(
            partitions_def_name, limit, ascending, cursor
        )

    def get_existing_dynamic_partitions(
        self, partitions_def_name: str, partition_keys: Collection[str]
    ) -> set[str]:
        """Return those of the keys that exist."""
        return self.event_log_storage.get_existing_dynamic_partitions(partitions_def_name, partition_keys)

    def get_dynamic_partitions_definition_id(self, partitions_def_name: str) -> str:
        """Return a text that changes when the keys or their order do."""
        return self.event_log_storage.get_dynamic_partitions_definition_id(partitions_def_name)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Remove the key; one that does not exist is no error."""
        self.event_log_storage.delete_dynamic_partition(partitions_def_name, partition_key)

    def _was_written_or_planned(self, asset_key: AssetKey) -> bool:
        entries = [record.asset_entry for record in self.get_asset_records([asset_key])]
        return any(
            entry.last_materialization_record is not None
            or entry.last_planned_materialization_storage_id is not None
            for entry in entries
        )


def _code_version(entry: EventLogEntry | None) -> str | None:
    if entry is None:
        return None
    return entry.tags.get(tag_names.CODE_VERSION) or entry.run_id or None


def _runless_event(asset_event: RunlessAssetEvent) -> Event:
    match asset_event:
        case AssetMaterialization():
            return Event(
                EventType.ASSET_MATERIALIZATION, "", event_specific_data=StepMaterializationData(asset_event)
            )
        case AssetObservation():
            return Event(
                EventType.ASSET_OBSERVATION, "", event_specific_data=AssetObservationData(asset_event)
            )
        case AssetCheckEvaluation():
            return Event(
                EventType.ASSET_CHECK_EVALUATION,
                "",
                event_specific_data=AssetCheckEvaluationData(asset_event),
            )
    raise InvalidArgumentError(
        "a runless asset event is a materialization, an observation or a check evaluation"
    )
