"""Journal: the stored entries, and what finds them without reading all of them."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice

from runrack.interfaces.event_log import EventQuery
from runrack.records.asset_key import AssetKey
from runrack.records.event import EventLogEntry, EventLogRecord


class Journal:
    """Holds records by storage id, with the ids of each run and of each asset. Not safe for threads by itself."""

    def __init__(self) -> None:
        self._last_id = 0
        self.clear()

    def clear(self) -> None:
        """Forget all records; storage ids go on growing."""
        self._records: dict[int, EventLogRecord] = {}
        self._ids: list[int] = []
        self._ids_of_run: dict[str, list[int]] = defaultdict(list)
        self._ids_of_asset: dict[AssetKey, list[int]] = defaultdict(list)
        self._id_of_event: dict[str, int] = {}

    @property
    def last_id(self) -> int:
        """The storage id given last; 0 when none was."""
        return self._last_id

    def find(self, event_id: str) -> EventLogRecord | None:
        """Return the record of the entry with this id."""
        storage_id = self._id_of_event.get(event_id)
        return None if storage_id is None else self._records[storage_id]

    def append(self, entry: EventLogEntry, *, late: bool) -> EventLogRecord:
        """Store an entry under the next storage id."""
        self._last_id += 1
        record = EventLogRecord(self._last_id, entry, late)
        self._records[self._last_id] = record
        self._ids.append(self._last_id)
        self._ids_of_run[entry.run_id].append(self._last_id)
        self._id_of_event[entry.event_id] = self._last_id
        if record.asset_key is not None and not late:
            self._ids_of_asset[record.asset_key].append(self._last_id)
        return record

    def remove_run(self, run_id: str) -> Mapping[int, EventLogRecord]:
        """Remove the log of a run and return it, storage id to record."""
        gone = {storage_id: self._records.pop(storage_id) for storage_id in self._ids_of_run.pop(run_id, ())}
        self._ids = [storage_id for storage_id in self._ids if storage_id not in gone]
        for record in gone.values():
            del self._id_of_event[record.event_log_entry.event_id]
        for key in {record.asset_key for record in gone.values() if record.asset_key is not None}:
            kept = [storage_id for storage_id in self._ids_of_asset[key] if storage_id not in gone]
            self._ids_of_asset[key] = kept
        return gone

    def list_records(self) -> Sequence[EventLogRecord]:
        """Return all records, oldest first."""
        return [self._records[storage_id] for storage_id in self._ids]

    def remove(self, storage_ids: Collection[int]) -> None:
        """Remove single entries."""
        gone = self._records.keys() & set(storage_ids)
        for record in [self._records.pop(storage_id) for storage_id in gone]:
            del self._id_of_event[record.event_log_entry.event_id]
            _drop(self._ids_of_run[record.run_id], gone)
            if record.asset_key is not None:
                _drop(self._ids_of_asset[record.asset_key], gone)
        _drop(self._ids, gone)

    def select(
        self, query: EventQuery, is_hidden: Callable[[EventLogRecord], bool]
    ) -> Sequence[EventLogRecord]:
        """Return what `query` selects, without what is hidden."""
        ids = self._candidates(query)
        start = bisect_right(ids, query.after_id or 0)
        stop = len(ids) if query.before_id is None else bisect_left(ids, query.before_id)
        places = range(start, stop) if query.ascending else range(stop - 1, start - 1, -1)
        matching = (record for place in places if _matches(query, record := self._records[ids[place]]))
        found = (record for record in matching if not is_hidden(record))
        return list(islice(found, query.offset, _end(query)))

    def _candidates(self, query: EventQuery) -> Sequence[int]:
        if query.storage_ids is not None:
            return sorted(self._records.keys() & set(query.storage_ids))
        if query.run_id is not None:
            return self._ids_of_run.get(query.run_id, ())
        if query.asset_key is not None:
            return self._ids_of_asset.get(query.asset_key, ())
        return self._ids


def _drop(ids: list[int], gone: Collection[int]) -> None:
    ids[:] = [storage_id for storage_id in ids if storage_id not in gone]


def _end(query: EventQuery) -> int | None:
    return None if query.limit is None else query.offset + query.limit


def _matches(query: EventQuery, record: EventLogRecord) -> bool:
    entry = record.event_log_entry
    return (
        (query.run_id is None or entry.run_id == query.run_id)
        and (not query.event_types or entry.event_type in query.event_types)
        and (query.asset_key is None or (record.asset_key == query.asset_key and not record.late))
        and _is_one_of(None if record.late else record.partition_key, query.partitions)
        and _is_one_of(entry.job_name, query.job_names)
        and (query.after_timestamp is None or entry.timestamp > query.after_timestamp)
        and (query.before_timestamp is None or entry.timestamp < query.before_timestamp)
    )


def _is_one_of(value: str | None, allowed: Collection[str] | None) -> bool:
    return allowed is None or value in allowed
