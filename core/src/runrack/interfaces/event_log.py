"""EventLog: keeps what happened, in order."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from threading import Lock
from typing import TypeVar

import msgspec

from runrack.errors import InvalidArgumentError
from runrack.interfaces.event_watch import EventCallback, EventWatcher, WatchSignal
from runrack.interfaces.run_statistics import run_stats, step_stats
from runrack.records.asset_key import AssetKey
from runrack.records.cursor import EventLogCursor, EventLogCursorType, RunShardedEventsCursor
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_filter import (
    MAX_EVENT_RECORDS,
    AssetRecordsFilter,
    EventLogConnection,
    EventRecordsFilter,
    EventRecordsResult,
    RunStatusChangeRecordsFilter,
)
from runrack.records.event_type import EventType
from runrack.records.record import Record
from runrack.records.stats import RunStats, StepStats

T = TypeVar("T")

NO_RECORD = -1
"""The storage id before the first: what the cursor of an empty first page holds."""

_making_a_watcher = Lock()


class EventQuery(Record, frozen=True, kw_only=True):
    """Which entries of the log are meant, in which order, and how many. Every field given must hold.

    Attributes:
        run_id: Only this run; "" means the events that belong to none.
        event_types: Any of these types; empty means all, plain messages included.
        asset_key: Only this asset, and only what is newer than its last wipe.
        partitions: Any of these partitions; None means all.
        job_names: Any of these jobs; None means all.
        after_id, before_id: Strict bounds of the storage id.
        after_timestamp, before_timestamp: Strict bounds of the entry's own time, in seconds since 1970.
        storage_ids: Only these; None means all.
        ascending: Oldest stored first, else newest stored first.
        offset: How many to leave out at the beginning.
        limit: How many at the most; None means all.
    """

    run_id: str | None = None
    event_types: frozenset[EventType] = frozenset()
    asset_key: AssetKey | None = None
    partitions: tuple[str, ...] | None = None
    job_names: tuple[str, ...] | None = None
    after_id: int | None = None
    before_id: int | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    storage_ids: tuple[int, ...] | None = None
    ascending: bool = True
    offset: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 0:
            raise InvalidArgumentError("a limit is 0 or more; leave it out for no limit")


class EventLog(ABC):
    """Keeps log entries: structured events and plain messages.

    Every call that has returned is durable. Calls may come from any thread and any process at once. Storage ids are
    positive and grow in the order in which entries become visible, so that a reader who continues after the last id
    that it saw misses nothing.
    """

    _watcher: EventWatcher | None = None

    @abstractmethod
    def store_events(
        self, entries: Sequence[EventLogEntry], *, late_event_ids: Collection[str] = ()
    ) -> Sequence[EventLogRecord]:
        """Store the entries, all or none, and return their records in the same order.

        - An entry whose `event_id` is stored already is not stored again; the stored record is returned for it.
        - The asset catalog follows in the same step: see `AssetCatalog`.
        - The status of runs does not: that is `Storage.store_events`.
        - Entries whose id is in `late_event_ids` are kept as late: the log of their run has them, but the asset catalog does
          not follow, and no question about an asset gives them.
        - An unknown run id is no error.
        """

    @abstractmethod
    def query_events(self, query: EventQuery) -> Sequence[EventLogRecord]:
        """Return the entries that `query` selects, ordered by storage id.

        - The order and bounds are those of storage, whatever the timestamps say.
        - A row that cannot be read raises `RecordDecodeError` naming its run; an event of a newer version is returned
          as a stand-in (see `runrack.records.codec`).
        """

    @abstractmethod
    def delete_events(self, run_id: str) -> None:
        """Remove the whole log of a run and free its concurrency slots.

        - The state of assets stays, except that an asset whose latest materialization was among them falls back to
          the newest one that remains, or to none.
        - An unknown run is no error.
        """

    @abstractmethod
    def wipe(self) -> None:
        """Remove all entries, assets, dynamic partitions and concurrency slots."""

    def store_event(self, entry: EventLogEntry) -> EventLogRecord:
        """Store one entry and return its record. As `store_events`."""
        return self.store_events([entry])[0]

    def get_records_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: EventType | Collection[EventType] | None = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> EventLogConnection:
        """Return a page of a run's log, in the order of storage.

        - `cursor` is that of an earlier page, exclusive; an offset cursor skips entries.
        - `of_type` is one type or several; None or empty means all, plain messages included.
        - `has_more` is exact. A page without records returns the cursor it was given, or one before the first entry.
        - An unknown run gives an empty page.

        Raises:
            InvalidArgumentError: The cursor is malformed or the limit negative.
        """
        place = None if cursor is None else EventLogCursor.parse(cursor)
        records, page_cursor, has_more = self._page(
            EventQuery(run_id=run_id, event_types=_types(of_type), ascending=ascending, limit=limit), place
        )
        return EventLogConnection(records, page_cursor, has_more)

    def get_logs_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: EventType | Collection[EventType] | None = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> Sequence[EventLogEntry]:
        """Return the entries of a page of a run's log. As `get_records_for_run`."""
        page = self.get_records_for_run(run_id, cursor, of_type, limit, ascending)
        return [record.event_log_entry for record in page.records]

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        """Return the events of all runs that the filter selects, newest stored first."""
        return self.query_events(event_query(event_records_filter, limit, ascending=ascending))

    def fetch_run_status_changes(
        self,
        records_filter: EventType | RunStatusChangeRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the run status events of all runs, newest stored first.

        Raises:
            InvalidArgumentError: The type changes no status, the limit is negative or above 10,000, or the cursor is
                malformed.
        """
        chosen = (
            records_filter
            if isinstance(records_filter, RunStatusChangeRecordsFilter)
            else RunStatusChangeRecordsFilter(records_filter)
        )
        query = EventQuery(
            event_types=frozenset({chosen.event_type}),
            job_names=_tuple(chosen.job_names),
            ascending=ascending,
            limit=limit,
        )
        return self._result(_within_bounds(query, chosen), cursor)

    def fetch_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the materializations of one asset since its last wipe, newest stored first.

        Raises:
            InvalidArgumentError: The limit is negative or above 10,000, or the cursor is malformed.
        """
        return self._fetch_asset_events(
            EventType.ASSET_MATERIALIZATION, records_filter, limit, cursor, ascending
        )

    def fetch_observations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the observations of one asset. As `fetch_materializations`."""
        return self._fetch_asset_events(EventType.ASSET_OBSERVATION, records_filter, limit, cursor, ascending)

    def get_logs_for_all_runs_by_log_id(
        self,
        after_cursor: int = NO_RECORD,
        event_type: EventType | Collection[EventType] | None = None,
        limit: int | None = None,
    ) -> Mapping[int, EventLogEntry]:
        """Return storage id to entry, for entries of all runs stored after `after_cursor`, oldest first.

        Raises:
            InvalidArgumentError: `after_cursor` is below -1.
        """
        if after_cursor < NO_RECORD:
            raise InvalidArgumentError("after_cursor is a storage id, or -1 for the beginning")
        records = self.query_events(
            EventQuery(event_types=_types(event_type), after_id=after_cursor, limit=limit)
        )
        return {record.storage_id: record.event_log_entry for record in records}

    def get_maximum_record_id(self) -> int | None:
        """Return the storage id of the entry stored last; None when there is none."""
        newest = self.query_events(EventQuery(ascending=False, limit=1))
        return newest[0].storage_id if newest else None

    def get_stats_for_run(self, run_id: str) -> RunStats:
        """Return counts and times of a run; zeros and None when it is unknown."""
        return run_stats(run_id, self.query_events(EventQuery(run_id=run_id)))

    def get_step_stats_for_run(
        self, run_id: str, step_keys: Collection[str] | None = None
    ) -> Sequence[StepStats]:
        """Return what each step of a run came to, in the order in which they began; only `step_keys` when given."""
        return step_stats(run_id, self.query_events(EventQuery(run_id=run_id)), step_keys)

    def watch(self, run_id: str, cursor: str | None, callback: EventCallback) -> None:
        """Call `callback` with every entry of the run after `cursor`, stored already or later, and the cursor after it.

        - Each entry once, in the order of storage, in a thread that all watches of this object share: a slow callback
          delays the others.
        - Until `end_watch`, or until the callback returns the status of a finished run. An unknown run is no error.
        - An exception in the callback is logged; the entries after go on being delivered.
        - A forked child watches nothing.

        Raises:
            InvalidArgumentError: The cursor is malformed.
        """
        self._own_watcher().watch(run_id, cursor, callback)

    def end_watch(self, run_id: str, callback: EventCallback) -> None:
        """End the watches of the run by this callback; nothing to do when there are none.

        - It returns when the callback does not run any more, unless the callback itself is the caller.
        """
        if self._watcher is not None:
            self._watcher.end_watch(run_id, callback)

    def wake_watches(self) -> None:
        """Let the watches look at once: who has stored events need not wait until they do so by themselves."""
        if self._watcher is not None:
            self._watcher.wake()

    def end_all_watches(self) -> None:
        """End all watches and their thread."""
        if self._watcher is not None:
            self._watcher.close()

    def make_watch_signal(self) -> WatchSignal:
        """Return what tells the watches when to look; a storage that is told of new entries returns its own kind."""
        return WatchSignal()

    def _own_watcher(self) -> EventWatcher:
        if self._watcher is None:
            with _making_a_watcher:
                self._watcher = self._watcher or EventWatcher(self, self.make_watch_signal)
        return self._watcher

    def _fetch_asset_events(
        self,
        event_type: EventType,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None,
        ascending: bool,
    ) -> EventRecordsResult:
        chosen = (
            records_filter
            if isinstance(records_filter, AssetRecordsFilter)
            else AssetRecordsFilter(records_filter)
        )
        query = EventQuery(
            event_types=frozenset({event_type}),
            asset_key=chosen.asset_key,
            partitions=_tuple(chosen.asset_partitions),
            ascending=ascending,
            limit=limit,
        )
        return self._result(_within_bounds(query, chosen), cursor)

    def _result(self, query: EventQuery, cursor: str | None) -> EventRecordsResult:
        if query.limit is None or query.limit > MAX_EVENT_RECORDS:
            raise InvalidArgumentError(f"a query over all runs needs a limit of at most {MAX_EVENT_RECORDS}")
        place = None if cursor is None else EventLogCursor.parse(cursor)
        if place is not None:
            place.storage_id()
        return EventRecordsResult(*self._page(query, place))

    def _page(
        self, query: EventQuery, place: EventLogCursor | None
    ) -> tuple[Sequence[EventLogRecord], str, bool]:
        """Return a page, its cursor, and whether another follows: one record more than asked for tells."""
        wanted = query.limit
        probe = _continued(query, place, None if wanted is None else wanted + 1)
        found = self.query_events(probe)
        records = found if wanted is None else found[:wanted]
        if records:
            end = EventLogCursor.from_storage_id(records[-1].storage_id)
        else:
            end = place if place is not None else EventLogCursor.from_storage_id(NO_RECORD)
        return records, end.to_string(), len(found) > len(records)


def event_query(chosen: EventRecordsFilter, limit: int | None, *, ascending: bool) -> EventQuery:
    """Return the query that selects the same as a filter."""
    return EventQuery(
        event_types=frozenset({chosen.event_type}),
        asset_key=chosen.asset_key,
        partitions=_tuple(chosen.asset_partitions),
        after_id=_id_of(chosen.after_cursor),
        before_id=_id_of(chosen.before_cursor),
        after_timestamp=chosen.after_timestamp,
        before_timestamp=chosen.before_timestamp,
        storage_ids=_tuple(chosen.storage_ids) or None,
        ascending=ascending,
        limit=limit,
    )


def _within_bounds(
    query: EventQuery, bounds: AssetRecordsFilter | RunStatusChangeRecordsFilter
) -> EventQuery:
    return msgspec.structs.replace(
        query,
        after_id=bounds.after_storage_id,
        before_id=bounds.before_storage_id,
        after_timestamp=bounds.after_timestamp,
        before_timestamp=bounds.before_timestamp,
        storage_ids=_tuple(bounds.storage_ids) or None,
    )


def _continued(query: EventQuery, place: EventLogCursor | None, limit: int | None) -> EventQuery:
    after, before, offset = query.after_id, query.before_id, query.offset
    if place is not None and place.cursor_type is EventLogCursorType.OFFSET:
        offset += place.offset()
    elif place is not None and query.ascending:
        after = place.value if after is None else max(after, place.value)
    elif place is not None and place.value != NO_RECORD:
        before = place.value if before is None else min(before, place.value)
    return msgspec.structs.replace(query, after_id=after, before_id=before, offset=offset, limit=limit)


def _types(of_type: EventType | Collection[EventType] | None) -> frozenset[EventType]:
    if of_type is None:
        return frozenset()
    return frozenset({of_type}) if isinstance(of_type, EventType) else frozenset(of_type)


def _id_of(cursor: int | RunShardedEventsCursor | None) -> int | None:
    return cursor.id if isinstance(cursor, RunShardedEventsCursor) else cursor


def _tuple(values: Sequence[T] | None) -> tuple[T, ...] | None:
    return None if values is None else tuple(values)
