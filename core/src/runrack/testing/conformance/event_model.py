"""EventModelMachine: drives an event log and a model of one list through the same random steps, and compares."""

from collections.abc import Callable

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runrack.interfaces.event_log import EventQuery
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.records.asset_key import AssetKey
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_type import EventType
from runrack.testing.builders import NOW, make_entry, make_materialization, make_observation, make_plan

RUN_IDS = st.sampled_from(["run", "RUN", ""])
ASSETS = st.sampled_from(["asset", "Asset"])
PARTITIONS = st.sampled_from([None, "a", "A"])
LIMITS = st.none() | st.integers(0, 4)
OFFSETS = st.integers(-5, 5)
"""Seconds after `NOW`: entries are stored in no order of time."""


def _message(_asset: str, _partition: str | None, run_id: str, timestamp: float) -> EventLogEntry:
    return make_entry("message", run_id, timestamp)


def _start(_asset: str, _partition: str | None, run_id: str, timestamp: float) -> EventLogEntry:
    return make_entry(EventType.RUN_START, run_id, timestamp)


Maker = Callable[[str, str | None, str, float], EventLogEntry]
MAKERS: st.SearchStrategy[Maker] = st.sampled_from(
    [_message, _start, make_materialization, make_observation, make_plan]
)


class EventModelMachine(RuleBasedStateMachine):
    """The model is a list of records, and the set of assets that were ever listed."""

    def __init__(self, storage: EventLogStorage) -> None:
        super().__init__()
        storage.wipe()
        self.storage = storage
        self.records: list[EventLogRecord] = []
        self.latest: dict[AssetKey, EventLogRecord | None] = {}
        self.last_id = 0

    @rule(make=MAKERS, asset=ASSETS, partition=PARTITIONS, run_id=RUN_IDS, offset=OFFSETS)
    def store(self, make: Maker, asset: str, partition: str | None, run_id: str, offset: int) -> None:
        """Store a new entry."""
        self._store([make(asset, partition, run_id, NOW + offset)])

    @rule(run_ids=st.lists(RUN_IDS, max_size=4), partition=PARTITIONS)
    def store_batch(self, run_ids: list[str], partition: str | None) -> None:
        """Store several entries at once."""
        self._store([make_materialization(partition=partition, run_id=run_id) for run_id in run_ids])

    @precondition(lambda self: bool(self.records))
    @rule(data=st.data())
    def store_again(self, data: st.DataObject) -> None:
        """Store an entry that is stored already."""
        record = data.draw(st.sampled_from(self.records))
        assert self.storage.store_event(record.event_log_entry) == record

    @rule(run_id=RUN_IDS)
    def delete(self, run_id: str) -> None:
        """Delete the log of a run: assets fall back to what remains."""
        self.storage.delete_events(run_id)
        self.records = [record for record in self.records if record.run_id != run_id]
        for key, latest in self.latest.items():
            if latest is not None and latest.run_id == run_id:
                self.latest[key] = max(
                    self._events_of(key, EventType.ASSET_MATERIALIZATION),
                    key=lambda record: record.storage_id,
                    default=None,
                )

    @rule(
        run_id=RUN_IDS,
        of_type=st.sampled_from([None, EventType.RUN_START, EventType.ASSET_MATERIALIZATION]),
        limit=st.integers(1, 4),
        ascending=st.booleans(),
    )
    def read_pages(self, run_id: str, of_type: EventType | None, limit: int, ascending: bool) -> None:
        """Read the log of a run page by page."""
        expected = [
            record
            for record in self._in_order(ascending)
            if record.run_id == run_id and of_type in {None, record.event_log_entry.event_type}
        ]
        seen: list[EventLogRecord] = []
        cursor, has_more = None, True
        while has_more:
            page = self.storage.get_records_for_run(run_id, cursor, of_type, limit, ascending)
            seen += page.records
            cursor, has_more = page.cursor, page.has_more
        assert seen == expected

    @rule(
        asset=st.none() | ASSETS,
        partition=PARTITIONS,
        after=st.none() | OFFSETS,
        offset=st.integers(0, 2),
        limit=LIMITS,
        ascending=st.booleans(),
    )
    def query(
        self,
        asset: str | None,
        partition: str | None,
        after: int | None,
        offset: int,
        limit: int | None,
        ascending: bool,
    ) -> None:
        """Filter, order, skip and cut."""
        query = EventQuery(
            asset_key=None if asset is None else AssetKey(asset),
            partitions=None if partition is None else (partition,),
            after_timestamp=None if after is None else NOW + after,
            ascending=ascending,
            offset=offset,
            limit=limit,
        )
        expected = [record for record in self._in_order(ascending) if _selects(query, record)]
        end = None if limit is None else offset + limit
        assert list(self.storage.query_events(query)) == expected[offset:end]

    @invariant()
    def assets_agree(self) -> None:
        """The catalog holds the assets that were ever listed, with the latest materialization that remains."""
        found = {
            record.asset_entry.asset_key: record.asset_entry.last_materialization_record
            for record in self.storage.get_asset_records()
        }
        assert found == self.latest

    def _store(self, entries: list[EventLogEntry]) -> None:
        for record, entry in zip(self.storage.store_events(entries), entries, strict=True):
            assert (record.event_log_entry, record.late) == (entry, False)
            assert record.storage_id > self.last_id
            self.last_id = record.storage_id
            self.records.append(record)
            if record.asset_key is not None:
                is_written = record.event_type is EventType.ASSET_MATERIALIZATION
                self.latest[record.asset_key] = record if is_written else self.latest.get(record.asset_key)

    def _events_of(self, key: AssetKey, event_type: EventType) -> list[EventLogRecord]:
        of_asset = [record for record in self.records if record.asset_key == key]
        return [record for record in of_asset if record.event_type is event_type]

    def _in_order(self, ascending: bool) -> list[EventLogRecord]:
        return self.records if ascending else self.records[::-1]


def _selects(query: EventQuery, record: EventLogRecord) -> bool:
    return (
        query.asset_key in {None, record.asset_key}
        and (query.partitions is None or record.partition_key in query.partitions)
        and (query.after_timestamp is None or record.timestamp > query.after_timestamp)
    )
