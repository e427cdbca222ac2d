"""How the log is read: pages of one run, queries over all runs, counts and times."""

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from runrack.errors import InvalidArgumentError
from runrack.interfaces.event_log import NO_RECORD, EventQuery
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.records.asset_key import AssetKey
from runrack.records.cursor import EventLogCursor, RunShardedEventsCursor
from runrack.records.event import EventLogRecord
from runrack.records.event_filter import (
    MAX_EVENT_RECORDS,
    AssetRecordsFilter,
    EventRecordsFilter,
    RunStatusChangeRecordsFilter,
)
from runrack.records.event_type import EventType
from runrack.testing.builders import (
    NOW,
    make_entry,
    make_event,
    make_materialization,
    make_observation,
    make_plan,
    moment,
)
from runrack.testing.conformance.suite import ConformanceSuite

MALFORMED_CURSORS = (
    "",
    "x",
    "5",
    "🚀",
    base64.b64encode(b"5").decode(),
    base64.b64encode(b'{"type": "STORAGE_ID", "value": "1"}').decode(),
    base64.b64encode(b'{"type": "PAGE", "value": 1}').decode(),
    base64.b64encode(b'{"value": 1}').decode(),
)


def _ids(records: Sequence[EventLogRecord]) -> list[int]:
    return [record.storage_id for record in records]


def _store_messages(storage: EventLogStorage, count: int, run_id: str = "run") -> list[int]:
    return _ids(storage.store_events([make_entry(f"{index}", run_id=run_id) for index in range(count)]))


class RunLogTests(ConformanceSuite[EventLogStorage]):
    """What `get_records_for_run` and `get_logs_for_run` return."""

    def test_an_unknown_run_has_an_empty_page(self, storage: EventLogStorage) -> None:
        """An unknown run gives an empty page, with a cursor that lies before the first entry.

        Look at the cursor that you make when no record is found.
        """
        page = storage.get_records_for_run("run", limit=5)
        assert (list(page.records), page.has_more) == ([], False)
        ids = _store_messages(storage, 2)
        assert _ids(storage.get_records_for_run("run", cursor=page.cursor).records) == ids

    @pytest.mark.parametrize("ascending", [True, False])
    def test_pages_give_a_thousand_events_once(self, storage: EventLogStorage, ascending: bool) -> None:
        """1,000 events are read page by page, each once, in both directions, beside those of another run.

        Look at the strict comparison with the cursor, in both directions, and at the condition on the run.
        """
        entries = [make_entry(f"{index}", run_id=("run", "other")[index % 2]) for index in range(2_000)]
        records = storage.store_events(entries)
        expected = [record.storage_id for record in records if record.run_id == "run"]
        seen: list[int] = []
        cursor, has_more = None, True
        while has_more:
            page = storage.get_records_for_run("run", cursor, limit=130, ascending=ascending)
            seen += _ids(page.records)
            cursor, has_more = page.cursor, page.has_more
        assert seen == (expected if ascending else expected[::-1])

    @pytest.mark.parametrize(
        ("limit", "count", "has_more"),
        [(0, 0, True), (2, 2, True), (3, 3, False), (4, 3, False), (None, 3, False)],
    )
    @pytest.mark.parametrize("ascending", [True, False])
    def test_has_more_is_exact(
        self, storage: EventLogStorage, limit: int | None, count: int, has_more: bool, ascending: bool
    ) -> None:
        """`has_more` is true exactly when another page holds something: also on a page that is just full.

        Look at how `has_more` is found: ask for one record more than the page holds.
        """
        ids = _store_messages(storage, 3)
        page = storage.get_records_for_run("run", limit=limit, ascending=ascending)
        expected = (ids if ascending else ids[::-1])[:count]
        assert (_ids(page.records), page.has_more) == (expected, has_more)

    def test_another_runs_entries_are_not_more(self, storage: EventLogStorage) -> None:
        """`has_more` looks at the run, and at the types asked for, only.

        Look at whether the extra record is asked for with all conditions of the page.
        """
        _store_messages(storage, 2)
        _store_messages(storage, 5, "other")
        storage.store_event(make_entry(EventType.RUN_START))
        assert storage.get_records_for_run("run", limit=3).has_more is False
        start = storage.get_records_for_run("run", of_type=EventType.RUN_START, limit=1)
        assert (len(start.records), start.has_more) == (1, False)

    def test_a_page_of_nothing_gives_its_cursor_back(self, storage: EventLogStorage) -> None:
        """A page without records returns the cursor that it was given: a follower stays where it is.

        Look at the cursor of an empty page: resetting it sends a follower to the beginning.
        """
        ids = _store_messages(storage, 2)
        end = storage.get_records_for_run("run").cursor
        page = storage.get_records_for_run("run", end)
        assert (list(page.records), page.cursor, page.has_more) == ([], end, False)
        new = _store_messages(storage, 1)
        assert _ids(storage.get_records_for_run("run", page.cursor).records) == new
        assert EventLogCursor.parse(end).storage_id() == ids[-1]

    def test_an_offset_cursor_skips(self, storage: EventLogStorage) -> None:
        """An offset cursor leaves out so many entries from the beginning of the direction read.

        Look at how an offset is applied: after the order and the run, before the types and the limit.
        """
        ids = _store_messages(storage, 4)
        skip = EventLogCursor.from_offset(1).to_string()
        assert _ids(storage.get_records_for_run("run", skip, limit=2).records) == ids[1:3]
        assert _ids(storage.get_records_for_run("run", skip, ascending=False).records) == ids[2::-1]
        beyond = EventLogCursor.from_offset(9).to_string()
        assert list(storage.get_records_for_run("run", beyond).records) == []

    @pytest.mark.parametrize("cursor", MALFORMED_CURSORS)
    def test_a_malformed_cursor_is_refused(self, storage: EventLogStorage, cursor: str) -> None:
        """A cursor that is none raises InvalidArgumentError, never a decoding error.

        Look at where the cursor is parsed: translate the parser's error.
        """
        with pytest.raises(InvalidArgumentError):
            storage.get_records_for_run("run", cursor)
        with pytest.raises(InvalidArgumentError):
            storage.fetch_run_status_changes(EventType.RUN_START, limit=1, cursor=cursor)

    def test_a_negative_limit_is_refused(self, storage: EventLogStorage) -> None:
        """A negative limit raises InvalidArgumentError.

        Look at whether the limit is checked before it reaches the database, where -1 may mean all.
        """
        with pytest.raises(InvalidArgumentError):
            storage.get_records_for_run("run", limit=-1)
        with pytest.raises(InvalidArgumentError):
            storage.get_logs_for_run("run", limit=-1)

    def test_types_select(self, storage: EventLogStorage) -> None:
        """`of_type` is one type or several; None and empty mean all, plain messages included.

        Look at messages without a type, which NULL in a condition leaves out, and at the empty collection.
        """
        ids = _ids(
            storage.store_events(
                [make_entry("text"), make_entry(EventType.RUN_START), make_entry(EventType.STEP_START)]
            )
        )
        of_type = {
            EventType.RUN_START: [ids[1]],
            EventType.RUN_SUCCESS: [],
            frozenset({EventType.STEP_START, EventType.RUN_START}): ids[1:],
            frozenset[EventType](): ids,
            None: ids,
        }
        for types, expected in of_type.items():
            assert _ids(storage.get_records_for_run("run", of_type=types).records) == expected

    def test_logs_are_the_entries_of_the_page(self, storage: EventLogStorage) -> None:
        """`get_logs_for_run` gives the entries of what `get_records_for_run` gives.

        Look at whether you replaced `get_logs_for_run`; its inherited form is right.
        """
        _store_messages(storage, 5)
        cursor = storage.get_records_for_run("run", limit=1).cursor
        records = storage.get_records_for_run("run", cursor, limit=2).records
        logs = storage.get_logs_for_run("run", cursor, limit=2)
        assert list(logs) == [record.event_log_entry for record in records]


class CrossRunTests(ConformanceSuite[EventLogStorage]):
    """What the queries over all runs return."""

    def test_a_query_joins_its_fields_by_and(self, storage: EventLogStorage) -> None:
        """`query_events` selects the entries that satisfy every field given.

        Look at each field of the filter, and at values such as 0.0 and "" that are not None.
        """
        wanted = make_materialization(partition="a", run_id="run", timestamp=NOW)
        others = [
            make_materialization(partition="a", run_id="other", timestamp=NOW),
            make_materialization(partition="b", run_id="run", timestamp=NOW),
            make_materialization(partition=None, run_id="run", timestamp=NOW),
            make_materialization("other", "a", "run", NOW),
            make_materialization(partition="a", run_id="run", timestamp=NOW + 5),
            make_observation(partition="a", run_id="run", timestamp=NOW),
            make_entry(),
        ]
        records = storage.store_events([wanted, *others])
        query = EventQuery(
            run_id="run",
            event_types=frozenset({EventType.ASSET_MATERIALIZATION}),
            asset_key=AssetKey("asset"),
            partitions=("a", "x"),
            job_names=("job", "x"),
            after_id=records[0].storage_id - 1,
            before_id=records[-1].storage_id,
            after_timestamp=NOW - 1,
            before_timestamp=NOW + 1,
            storage_ids=tuple(_ids(records)),
        )
        assert list(storage.query_events(query)) == [records[0]]

    def test_an_offset_goes_before_the_limit(self, storage: EventLogStorage) -> None:
        """`offset` leaves out the first of what is selected and ordered; `limit` counts what follows.

        Look at the order of OFFSET and LIMIT, and at an offset without a limit.
        """
        ids = _store_messages(storage, 5)
        assert _ids(storage.query_events(EventQuery(offset=1, limit=2))) == ids[1:3]
        assert _ids(storage.query_events(EventQuery(offset=3, ascending=False))) == ids[1::-1]
        assert _ids(storage.query_events(EventQuery(limit=0))) == []

    def test_event_records_come_newest_stored_first(self, storage: EventLogStorage) -> None:
        """`get_event_records` looks over all runs, newest stored first, whatever the timestamps say.

        Look at ORDER BY: the storage id, not the timestamp.
        """
        times = [NOW, NOW - 5, NOW + 5, NOW - 1]
        ids = _ids(
            storage.store_events(
                [
                    make_entry(EventType.STEP_START, f"{index % 2}", timestamp)
                    for index, timestamp in enumerate(times)
                ]
            )
        )
        storage.store_event(make_entry(EventType.STEP_SUCCESS))
        chosen = EventRecordsFilter(EventType.STEP_START)
        assert _ids(storage.get_event_records(chosen)) == ids[::-1]
        assert _ids(storage.get_event_records(chosen, ascending=True)) == ids
        assert _ids(storage.get_event_records(chosen, limit=2)) == ids[:1:-1]
        assert _ids(storage.get_event_records(chosen, limit=0)) == []

    def test_event_records_can_be_bounded(self, storage: EventLogStorage) -> None:
        """Cursors and timestamps are strict bounds; a RunShardedEventsCursor counts by its id; 0.0 is a time.

        Look at each bound: strict, and told from None by `is None`.
        """
        ids = _ids(
            storage.store_events(
                [make_entry(EventType.RUN_START, timestamp=float(each)) for each in range(5)]
            )
        )

        def found(**bounds: Any) -> list[int]:
            return _ids(storage.get_event_records(EventRecordsFilter(EventType.RUN_START, **bounds)))

        assert found(after_cursor=ids[3]) == [ids[4]]
        assert found(before_cursor=ids[1]) == [ids[0]]
        assert found(after_cursor=ids[1], before_cursor=ids[3]) == [ids[2]]
        assert found(after_timestamp=3.0) == [ids[4]]
        assert found(before_timestamp=1.0) == [ids[0]]
        assert found(after_timestamp=0.0, before_timestamp=2.0) == [ids[1]]
        assert found(before_timestamp=0.0) == []
        assert found(storage_ids=[ids[0], ids[2], 10**9]) == [ids[2], ids[0]]
        assert found(storage_ids=[]) == ids[::-1]

    def test_a_sharded_cursor_counts_by_its_id(self, storage: EventLogStorage) -> None:
        """In a log that is in one place, a `RunShardedEventsCursor` means its id; the time says nothing.

        Look at whether a `RunShardedEventsCursor` is taken by its id, its time ignored.
        """
        ids = _ids(storage.store_events([make_entry(EventType.RUN_START, f"{index}") for index in range(3)]))
        for time in (moment(-999_999_999), moment(999_999_999)):
            after_second = EventRecordsFilter(
                EventType.RUN_START, after_cursor=RunShardedEventsCursor(ids[1], time)
            )
            assert _ids(storage.get_event_records(after_second)) == [ids[2]]

    def test_event_records_of_an_asset(self, storage: EventLogStorage) -> None:
        """`asset_key` selects one asset exactly, `asset_partitions` any of these partitions.

        Look at the comparison of the key's text, and at an empty list of partitions.
        """
        keys = [("asset", "a"), ("asset", "A"), ("asset", None), ("Asset", "a"), ("asset%", "a")]
        ids = _ids(storage.store_events([make_materialization(key, partition) for key, partition in keys]))

        def found(asset: str, partitions: list[str] | None = None) -> list[int]:
            chosen = EventRecordsFilter(EventType.ASSET_MATERIALIZATION, AssetKey(asset), partitions)
            return _ids(storage.get_event_records(chosen, ascending=True))

        assert (found("asset"), found("Asset"), found("asset%")) == (ids[:3], [ids[3]], [ids[4]])
        assert (found("asset", ["a"]), found("asset", ["A", "a", "x"])) == ([ids[0]], ids[:2])

    def test_status_changes_are_paged(self, storage: EventLogStorage) -> None:
        """Run status events of all runs are read page by page, in both directions, with an exact `has_more`.

        Look at the comparison with the cursor in both directions, and at the one record more for `has_more`.
        """
        entries = [make_entry(EventType.RUN_START, f"{index}") for index in range(7)]
        ids = _ids(storage.store_events(entries))
        storage.store_event(make_entry(EventType.RUN_SUCCESS))
        for ascending in (True, False):
            first = storage.fetch_run_status_changes(EventType.RUN_START, 4, ascending=ascending)
            second = storage.fetch_run_status_changes(
                EventType.RUN_START, 3, first.cursor, ascending=ascending
            )
            assert _ids([*first.records, *second.records]) == (ids if ascending else ids[::-1])
            assert (first.has_more, second.has_more) == (True, False)

    def test_status_changes_can_be_filtered(self, storage: EventLogStorage) -> None:
        """Job names, times and ids select; bounds are strict, and go together with a cursor.

        Look at each condition of the filter, and at bounds that are not strict.
        """
        entries = [
            make_entry(make_event(EventType.RUN_START, job_name=name), f"{index}", NOW + index)
            for index, name in enumerate(["a", "b", "A", "a"])
        ]
        ids = _ids(storage.store_events(entries))

        def found(cursor: str | None = None, **fields: Any) -> list[int]:
            chosen = RunStatusChangeRecordsFilter(EventType.RUN_START, **fields)
            return _ids(storage.fetch_run_status_changes(chosen, 10, cursor, ascending=True).records)

        assert found(job_names=["a"]) == [ids[0], ids[3]]
        assert found(job_names=["b", "A", "x"]) == ids[1:3]
        assert found(after_timestamp=NOW + 1, before_timestamp=NOW + 3) == [ids[2]]
        assert found(after_storage_id=ids[0], before_storage_id=ids[3]) == ids[1:3]
        assert found(storage_ids=[ids[1]]) == [ids[1]]
        after_second = EventLogCursor.from_storage_id(ids[1]).to_string()
        assert found(after_second, after_storage_id=ids[0], job_names=["a"]) == [ids[3]]

    @pytest.mark.parametrize("limit", [-1, MAX_EVENT_RECORDS + 1])
    def test_a_page_over_all_runs_is_bounded(self, storage: EventLogStorage, limit: int) -> None:
        """Queries over all runs refuse a negative limit and one above 10,000.

        Look at the checks of the limit before the query.
        """
        for fetch in (storage.fetch_materializations, storage.fetch_observations):
            with pytest.raises(InvalidArgumentError):
                fetch(AssetKey("asset"), limit)
        with pytest.raises(InvalidArgumentError):
            storage.fetch_run_status_changes(EventType.RUN_START, limit)

    def test_only_status_events_are_status_changes(self, storage: EventLogStorage) -> None:
        """A type that changes no status is refused, as is a cursor that counts entries.

        Look at the checks of type and cursor before the query.
        """
        with pytest.raises(InvalidArgumentError):
            storage.fetch_run_status_changes(EventType.STEP_START, 1)
        offset = EventLogCursor.from_offset(1).to_string()
        with pytest.raises(InvalidArgumentError):
            storage.fetch_run_status_changes(EventType.RUN_START, 1, offset)

    def test_materializations_and_observations_are_told_apart(self, storage: EventLogStorage) -> None:
        """The events of one asset are found by their kind, newest stored first.

        Look at the type of event in the condition, beside the asset.
        """
        ids = _ids(
            storage.store_events(
                [make_materialization(), make_observation(), make_plan(), make_materialization()]
            )
        )
        materializations = storage.fetch_materializations(AssetKey("asset"), 10)
        observations = storage.fetch_observations(AssetKey("asset"), 10)
        assert (_ids(materializations.records), materializations.has_more) == ([ids[3], ids[0]], False)
        assert (_ids(observations.records), observations.has_more) == ([ids[1]], False)
        assert list(storage.fetch_materializations(AssetKey("x"), 10).records) == []

    def test_asset_events_are_paged_and_filtered(self, storage: EventLogStorage) -> None:
        """Every field of an AssetRecordsFilter selects; pages follow their cursor.

        Look at each field of AssetRecordsFilter in turn: the message of the failure says which.
        """
        entries = [make_materialization(partition=p, timestamp=NOW + i) for i, p in enumerate("abcab")]
        ids = _ids(storage.store_events(entries))

        def found(**fields: Any) -> list[int]:
            chosen = AssetRecordsFilter(AssetKey("asset"), **fields)
            return _ids(storage.fetch_materializations(chosen, 10, ascending=True).records)

        assert found(asset_partitions=["a", "c"]) == [ids[0], ids[2], ids[3]]
        assert found(after_timestamp=NOW + 2, before_timestamp=NOW + 4) == [ids[3]]
        assert found(after_storage_id=ids[2]) == ids[3:]
        assert found(before_storage_id=ids[1], storage_ids=ids) == [ids[0]]
        first = storage.fetch_materializations(AssetKey("asset"), 3)
        second = storage.fetch_materializations(AssetKey("asset"), 3, first.cursor)
        assert (_ids(first.records), first.has_more) == (ids[:1:-1], True)
        assert (_ids(second.records), second.has_more) == (ids[1::-1], False)

    def test_all_runs_are_read_by_id(self, storage: EventLogStorage) -> None:
        """`get_logs_for_all_runs_by_log_id` gives id to entry after an id, oldest first, up to a limit.

        Look at the order (ascending), the strict comparison with `after_cursor`, and the limit.
        """
        entries = [make_entry("text", "a"), make_entry(EventType.RUN_START, "b"), make_entry("text", "c")]
        ids = _ids(storage.store_events(entries))
        everything = storage.get_logs_for_all_runs_by_log_id()
        assert list(everything.items()) == list(zip(ids, entries, strict=True))
        assert list(storage.get_logs_for_all_runs_by_log_id(ids[0])) == ids[1:]
        assert list(storage.get_logs_for_all_runs_by_log_id(limit=2)) == ids[:2]
        assert list(storage.get_logs_for_all_runs_by_log_id(event_type=EventType.RUN_START)) == [ids[1]]
        some = storage.get_logs_for_all_runs_by_log_id(event_type={EventType.RUN_START, EventType.STEP_START})
        assert list(some) == [ids[1]]

    def test_a_place_before_the_beginning_is_refused(self, storage: EventLogStorage) -> None:
        """`after_cursor` is -1 at the least.

        Look at the check of the argument: -1 is allowed, -2 is not.
        """
        with pytest.raises(InvalidArgumentError):
            storage.get_logs_for_all_runs_by_log_id(NO_RECORD - 1)
