"""Filters over the event log, and the pages that queries return."""

from collections.abc import Sequence

from runrack.errors import InvalidArgumentError
from runrack.records.asset_key import AssetKey
from runrack.records.cursor import EventCursor
from runrack.records.event import EventLogRecord
from runrack.records.event_type import RUN_STATUS_CHANGE_TYPES, EventType
from runrack.records.record import Record

MAX_EVENT_RECORDS = 10_000
"""The largest page that a query over all runs returns."""


class EventRecordsFilter(Record, frozen=True):
    """Selects the events that satisfy every field given.

    Attributes:
        event_type: Exactly this type.
        asset_key: Only this asset; what it held before its last wipe is left out.
        asset_partitions: Any of these partitions; needs `asset_key`.
        after_cursor, before_cursor: Strict bounds of the storage id.
        after_timestamp, before_timestamp: Strict bounds of the event's own time, in seconds since 1970.
        storage_ids: Only these ids.
    """

    event_type: EventType
    asset_key: AssetKey | None = None
    asset_partitions: Sequence[str] | None = None
    after_cursor: EventCursor | None = None
    before_cursor: EventCursor | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    storage_ids: Sequence[int] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.event_type, EventType):
            raise InvalidArgumentError("event_type of an EventRecordsFilter is an EventType")
        if self.asset_partitions is not None and self.asset_key is None:
            raise InvalidArgumentError("asset_partitions is valid only together with asset_key")


class AssetRecordsFilter(Record, frozen=True):
    """Selects the events of one asset that satisfy every field given; bounds are strict.

    Attributes:
        asset_key: Which asset.
        asset_partitions: Any of these partitions.
        after_timestamp, before_timestamp: Bounds of the event's own time, in seconds since 1970.
        after_storage_id, before_storage_id: Bounds of the storage id.
        storage_ids: Only these ids.
    """

    asset_key: AssetKey
    asset_partitions: Sequence[str] | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    after_storage_id: int | None = None
    before_storage_id: int | None = None
    storage_ids: Sequence[int] | None = None


class RunStatusChangeRecordsFilter(Record, frozen=True):
    """Selects run status events that satisfy every field given; bounds are strict.

    Attributes:
        event_type: One of the types that change a run's status.
        after_timestamp, before_timestamp: Bounds of the event's own time, in seconds since 1970.
        after_storage_id, before_storage_id: Bounds of the storage id.
        storage_ids: Only these ids.
        job_names: Any of these jobs.
    """

    event_type: EventType
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    after_storage_id: int | None = None
    before_storage_id: int | None = None
    storage_ids: Sequence[int] | None = None
    job_names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.event_type not in RUN_STATUS_CHANGE_TYPES:
            allowed = ", ".join(sorted(RUN_STATUS_CHANGE_TYPES))
            raise InvalidArgumentError(f"event_type of a run status query is one of {allowed}")


class EventRecordsResult(Record, frozen=True):
    """A page of events.

    Attributes:
        records: The events, in the order asked for.
        cursor: Where the next page continues.
        has_more: Whether there is one: exact.
    """

    records: Sequence[EventLogRecord]
    cursor: str
    has_more: bool


class EventLogConnection(Record, frozen=True):
    """A page of one run's log. Fields as in `EventRecordsResult`."""

    records: Sequence[EventLogRecord]
    cursor: str
    has_more: bool
