"""What is known about an asset: its latest state, independent of how much history is kept."""

from runrack.records.asset_key import AssetKey
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.record import Record


class AssetEntry(Record, frozen=True):
    """The latest state of one asset.

    Attributes:
        asset_key: Which asset.
        last_materialization_record: The materialization written last; None when never, or wiped since.
        last_observation_record: The observation written last; None when never, or wiped since.
        last_planned_materialization_storage_id: Storage id of the plan written last; None as above.
        last_planned_materialization_run_id: The run that made this plan.
        last_run_id: The run that last planned or wrote it; "" for an event without a run.
        last_wipe_timestamp: When it was last wiped, in seconds since 1970.
    """

    asset_key: AssetKey
    last_materialization_record: EventLogRecord | None = None
    last_observation_record: EventLogRecord | None = None
    last_planned_materialization_storage_id: int | None = None
    last_run_id: str | None = None
    last_wipe_timestamp: float | None = None
    last_planned_materialization_run_id: str | None = None

    @property
    def last_materialization(self) -> EventLogEntry | None:
        """The entry of the materialization written last."""
        record = self.last_materialization_record
        return None if record is None else record.event_log_entry

    @property
    def last_observation(self) -> EventLogEntry | None:
        """The entry of the observation written last."""
        record = self.last_observation_record
        return None if record is None else record.event_log_entry


class AssetRecord(Record, frozen=True):
    """A row of the asset catalog.

    Attributes:
        storage_id: The row's id in the catalog; not the id of an event.
        asset_entry: What the row says.
    """

    storage_id: int
    asset_entry: AssetEntry


class PartitionEvent(Record, frozen=True):
    """An event about an asset or one of its partitions, as far as the latest state tells, whatever the log still holds.

    Attributes:
        storage_id: Of the event.
        run_id: The run that it came from; "" for an event without a run.
    """

    storage_id: int
    run_id: str


class PendingPlan(Record, frozen=True):
    """A run's plan to write a partition that has not been written since.

    Attributes:
        partition: Which partition.
        storage_id: Of the newest event with which the run planned it.
        run_id: Which run.
    """

    partition: str
    storage_id: int
    run_id: str
