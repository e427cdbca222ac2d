"""AssetCatalogTests: what is known about assets, independent of how much history is kept."""

import time

import pytest

from runrack.errors import InvalidArgumentError
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.records.asset_key import AssetKey
from runrack.records.asset_record import AssetEntry
from runrack.records.event import EventLogEntry
from runrack.records.event_filter import EventRecordsFilter
from runrack.records.event_type import EventType
from runrack.testing.builders import NOW, make_entry, make_materialization, make_observation, make_plan
from runrack.testing.conformance.suite import ConformanceSuite, in_threads

ASSET = AssetKey("asset")
MATERIALIZATION = EventType.ASSET_MATERIALIZATION


def _entry(storage: EventLogStorage, key: AssetKey = ASSET) -> AssetEntry:
    (record,) = storage.get_asset_records([key])
    return record.asset_entry


def _paths(storage: EventLogStorage) -> list[tuple[str, ...]]:
    return [key.path for key in storage.all_asset_keys()]


def _soon() -> float:
    """Return a moment that lies safely after any wipe of the running test."""
    return time.time() + 3600


def _latest(storage: EventLogStorage, key: AssetKey = ASSET) -> EventLogEntry | None:
    return storage.get_latest_materialization_events([key])[key]


class AssetStateTests(ConformanceSuite[EventLogStorage]):
    """What an asset's row says after its events."""

    def test_each_kind_of_event_lists_an_asset(self, storage: EventLogStorage) -> None:
        """A materialization, an observation or a plan puts an asset into the catalog; anything else does not.

        Look at the types of events that your store call turns into a row of the catalog.
        """
        storage.store_events(
            [
                make_materialization("a"),
                make_observation("b"),
                make_plan("c"),
                make_entry(EventType.ASSET_CHECK_EVALUATION),
                make_entry("asset"),
            ]
        )
        assert _paths(storage) == [("a",), ("b",), ("c",)]
        assert (storage.has_asset_key(AssetKey("a")), storage.has_asset_key(ASSET)) == (True, False)

    def test_a_row_holds_the_latest_of_each_kind(self, storage: EventLogStorage) -> None:
        """A row holds the materialization, observation and plan written last, and the run that wrote or planned.

        Look at which column each kind of event writes: an observation must not touch the materialization.
        """
        records = storage.store_events(
            [
                make_materialization(run_id="1"),
                make_observation(run_id="2"),
                make_plan(run_id="3"),
                make_materialization(run_id="4", metadata={"rows": 3}),
                make_plan(run_id="5"),
                make_observation(run_id="6"),
            ]
        )
        assert _entry(storage) == AssetEntry(
            ASSET,
            last_materialization_record=records[3],
            last_observation_record=records[5],
            last_planned_materialization_storage_id=records[4].storage_id,
            last_planned_materialization_run_id="5",
            last_run_id="5",
        )

    def test_the_last_written_is_the_latest(self, storage: EventLogStorage) -> None:
        """The latest materialization is the one written last, even when its timestamp is older.

        Look for a comparison of timestamps where the storage ids should be compared.
        """
        storage.store_event(make_materialization(timestamp=NOW + 100))
        older = make_materialization(timestamp=NOW - 100)
        storage.store_event(older)
        assert _latest(storage) == older

    def test_a_batch_counts_in_its_order(self, storage: EventLogStorage) -> None:
        """Of several events of one asset in a batch the last one is the latest; other assets count as well.

        Look at how rows of one batch are merged before they are written: the last one of each asset wins.
        """
        entries = [make_materialization("a"), make_materialization("b"), make_materialization("a")]
        storage.store_events(entries)
        assert _latest(storage, AssetKey("a")) == entries[2]
        assert _latest(storage, AssetKey("b")) == entries[1]

    def test_an_event_without_a_run_counts(self, storage: EventLogStorage) -> None:
        """A materialization reported outside of any run sets the last run id to "".

        Look at what you store when `run_id` is empty: the text, not NULL, and no row of the run before.
        """
        storage.store_events([make_materialization(run_id="run"), make_materialization(run_id="")])
        assert _entry(storage).last_run_id == ""

    def test_an_asset_without_materialization_has_none(self, storage: EventLogStorage) -> None:
        """The latest materialization of a merely observed asset is None; unknown assets are left out.

        Look at the join or the lookup behind the latest materialization, and at keys that are not found.
        """
        storage.store_event(make_observation())
        found = storage.get_latest_materialization_events([ASSET, AssetKey("unknown")])
        assert found == {ASSET: None}

    def test_a_row_keeps_its_id(self, storage: EventLogStorage) -> None:
        """The storage id of a row stays the same through its events; each asset has its own.

        Look at your upsert: one that deletes and inserts gives the row a new id.
        """
        storage.store_events([make_materialization("a"), make_materialization("b")])
        before = [record.storage_id for record in storage.get_asset_records()]
        storage.store_events([make_observation("a"), make_materialization("b")])
        assert [record.storage_id for record in storage.get_asset_records()] == before
        assert len(set(before)) == 2

    def test_threads_list_one_asset(self, storage: EventLogStorage) -> None:
        """8 threads that report one new asset at once make one row; its latest is the one with the highest id.

        Look at the upsert of the row: it needs a unique key, and must not let a lower id replace a higher one.
        """
        records = in_threads(lambda n: storage.store_event(make_materialization(run_id=f"{n}")))
        newest = max(records, key=lambda record: record.storage_id)
        assert _entry(storage).last_materialization_record == newest
        assert len(storage.get_asset_records()) == 1

    def test_deleting_a_run_gives_way_to_the_one_before(self, storage: EventLogStorage) -> None:
        """When the run of the latest materialization is deleted, the newest one that remains takes its place.

        Look at what `delete_events` does to rows that point at the deleted events.
        """
        first = make_materialization(run_id="1", timestamp=NOW + 50)
        second = make_materialization(run_id="2")
        storage.store_events([first, second, make_materialization(run_id="3"), make_observation(run_id="3")])
        storage.delete_events("3")
        assert _latest(storage) == second
        storage.delete_events("1")
        assert _latest(storage) == second
        page = storage.fetch_materializations(ASSET, 10)
        assert [record.event_log_entry for record in page.records] == [second]

    def test_an_asset_outlives_its_runs(self, storage: EventLogStorage) -> None:
        """An asset stays in the catalog when its last run is deleted; its latest materialization is None then.

        Look for a cascade from the events to the catalog: the row stays, and what it points at is cleared.
        """
        storage.store_event(make_materialization())
        storage.delete_events("run")
        assert _paths(storage) == [("asset",)]
        assert _latest(storage) is None

    def test_deleting_a_run_never_undoes_a_wipe(self, storage: EventLogStorage) -> None:
        """What was wiped does not come back as the newest materialization that remains.

        Look at the search for the newest remaining event: it begins after the wipe.
        """
        storage.store_event(make_materialization(run_id="1"))
        storage.wipe_asset(ASSET)
        storage.store_event(make_materialization(run_id="2", timestamp=_soon()))
        storage.delete_events("2")
        assert _entry(storage).last_materialization_record is None


class AssetWipeTests(ConformanceSuite[EventLogStorage]):
    """What `wipe_asset` hides, and what brings an asset back."""

    def test_a_wipe_hides_all_that_was_stored(self, storage: EventLogStorage) -> None:
        """After a wipe no asset query finds what was stored before; the logs of runs keep it.

        Look at every query over assets: each has to leave out what lies before the wipe.
        """
        entries = [make_materialization(partition="a"), make_observation(partition="a"), make_plan()]
        storage.store_events(entries)
        storage.wipe_asset(ASSET)
        assert (_paths(storage), list(storage.get_asset_records([ASSET]))) == ([], [])
        assert (storage.has_asset_key(ASSET), storage.get_latest_materialization_events([ASSET])) == (
            False,
            {},
        )
        assert list(storage.fetch_materializations(ASSET, 10).records) == []
        assert list(storage.fetch_observations(ASSET, 10).records) == []
        assert list(storage.get_event_records(EventRecordsFilter(MATERIALIZATION, ASSET))) == []
        assert storage.get_latest_storage_id_by_partition(ASSET, MATERIALIZATION) == {}
        assert storage.get_materialized_partitions(ASSET) == set()
        assert list(storage.get_logs_for_run("run")) == entries

    def test_a_wipe_concerns_one_asset(self, storage: EventLogStorage) -> None:
        """Other assets stay, also those below the key and those that differ in case; an unknown one is no error.

        Look at the comparison of keys in the wipe: whole text, by code point, no prefix.
        """
        keys = [["a"], ["a", "b"], ["A"], ["a%"], ["ab"]]
        storage.store_events([make_materialization(key) for key in keys])
        storage.wipe_asset(AssetKey("a"))
        storage.wipe_asset(AssetKey("unknown"))
        assert sorted(_paths(storage)) == [("A",), ("a", "b"), ("a%",), ("ab",)]
        assert _latest(storage, AssetKey("A")) is not None

    def test_a_wipe_hides_events_from_the_future(self, storage: EventLogStorage) -> None:
        """A wipe hides what was stored before it, also when its timestamp is later than the wipe.

        Look for a wipe that compares timestamps: what was stored before counts by its storage id.
        """
        storage.store_event(make_materialization(timestamp=_soon()))
        storage.wipe_asset(ASSET)
        assert _paths(storage) == []
        assert list(storage.fetch_materializations(ASSET, 10).records) == []

    @pytest.mark.parametrize("make", [make_materialization, make_observation, make_plan])
    def test_a_later_event_brings_an_asset_back(self, storage: EventLogStorage, make: type) -> None:
        """An event with a timestamp after the wipe lists the asset again, with nothing of what was before.

        Look at what is reset when the row comes back: everything of before the wipe stays hidden.
        """
        storage.store_events(
            [
                make_materialization(partition="old"),
                make_observation(partition="old"),
                make_plan(partition="old"),
            ]
        )
        before = time.time()
        storage.wipe_asset(ASSET)
        after = time.time()
        record = storage.store_event(make(partition="new", run_id="2", timestamp=_soon()))
        entry = _entry(storage)
        assert entry.last_wipe_timestamp is not None
        assert before - 1e-3 <= entry.last_wipe_timestamp <= after + 1e-3
        expected = {
            MATERIALIZATION: (record, None, None, "2"),
            EventType.ASSET_OBSERVATION: (None, record, None, None),
            EventType.ASSET_MATERIALIZATION_PLANNED: (None, None, record.storage_id, "2"),
        }[record.event_type]
        assert expected == (
            entry.last_materialization_record,
            entry.last_observation_record,
            entry.last_planned_materialization_storage_id,
            entry.last_run_id,
        )
        newest = storage.get_latest_storage_id_by_partition(ASSET, record.event_type)
        assert newest == {"new": record.storage_id}

    def test_a_back_dated_event_does_not(self, storage: EventLogStorage) -> None:
        """An event with a timestamp before the wipe does not list the asset again.

        Look at the time that the wipe has stored, and at its comparison with that of the new event.
        """
        storage.store_event(make_materialization())
        storage.wipe_asset(ASSET)
        storage.store_event(make_materialization(timestamp=NOW))
        assert (_paths(storage), storage.has_asset_key(ASSET)) == ([], False)

    def test_an_asset_can_be_wiped_again(self, storage: EventLogStorage) -> None:
        """A wipe of an asset that came back hides it again.

        Look at whether a second wipe moves the mark of the first one forward.
        """
        for _ in range(2):
            storage.store_event(make_materialization(partition="a", timestamp=_soon()))
            assert storage.get_materialized_partitions(ASSET) == {"a"}
            storage.wipe_asset(ASSET)
            assert _paths(storage) == []


class AssetListingTests(ConformanceSuite[EventLogStorage]):
    """What `get_asset_records` and `get_asset_keys` return."""

    KEYS = (
        ["a"],
        ["a", "b"],
        ["a", "c"],
        ["A"],
        ["a b"],
        ["ab"],
        ["b"],
        ["á"],
        ["🚀"],
        ["a%"],
        ["a_"],
        ['a"'],
    )

    def _store_keys(self, storage: EventLogStorage) -> list[AssetKey]:
        """Store an event for each of `KEYS` and return them in the order in which they are listed."""
        storage.store_events([make_materialization(path) for path in self.KEYS])
        return sorted((AssetKey(path) for path in self.KEYS), key=AssetKey.to_string)

    def test_keys_are_ordered_by_their_text(self, storage: EventLogStorage) -> None:
        """Keys and records are ordered by the text of the key, by code point.

        Look at the collation of the column, and at what ORDER BY sorts: the text of the key.
        """
        expected = self._store_keys(storage)
        assert list(storage.all_asset_keys()) == list(storage.get_asset_keys()) == expected
        assert [record.asset_entry.asset_key for record in storage.get_asset_records()] == expected

    def test_records_are_those_asked_for(self, storage: EventLogStorage) -> None:
        """Unknown assets are left out, duplicates collapse, no keys give nothing, the order is that of the text.

        Look at how many rows a repeated key gives, and at what an empty list of keys becomes in SQL.
        """
        self._store_keys(storage)
        asked = [AssetKey(["b"]), AssetKey(["A"]), AssetKey(["b"]), AssetKey(["x"])]
        records = storage.get_asset_records(asked)
        assert [record.asset_entry.asset_key.path for record in records] == [("A",), ("b",)]
        assert list(storage.get_asset_records([])) == []

    def test_many_assets_can_be_asked_for(self, storage: EventLogStorage) -> None:
        """2,000 keys can be asked for at once.

        Look at the number of parameters of one statement: ask in portions.
        """
        self._store_keys(storage)
        records = storage.get_asset_records(
            [*(AssetKey(f"{index}") for index in range(2_000)), AssetKey("a")]
        )
        assert len(records) == 1

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            (["a"], [("a",), ("a", "b"), ("a", "c")]),
            (["a", "b"], [("a", "b")]),
            (["%"], []),
            (["a%"], [("a%",)]),
            (["a_"], [("a_",)]),
            (["_"], []),
            (['a"'], [('a"',)]),
            (["🚀"], [("🚀",)]),
            (["á"], [("á",)]),
        ],
    )
    def test_a_prefix_is_whole_components(
        self, storage: EventLogStorage, prefix: list[str], expected: list[tuple[str, ...]]
    ) -> None:
        """A prefix selects the keys that begin with its components; nothing in it is a wildcard, case counts.

        Look at the LIKE or range of the prefix: escape wildcards, and end the prefix at a component.
        """
        self._store_keys(storage)
        assert sorted(key.path for key in storage.get_asset_keys(prefix=prefix)) == expected

    def test_no_prefix_means_all(self, storage: EventLogStorage) -> None:
        """An empty prefix selects every key.

        Look at how an empty prefix is told from one that is not given: both mean everything.
        """
        expected = self._store_keys(storage)
        assert list(storage.get_asset_keys(prefix=[])) == expected

    def test_keys_are_paged(self, storage: EventLogStorage) -> None:
        """Following the text of the last key gives every key once; a limit of 0 gives nothing.

        Look at the comparison with the cursor (strictly greater, by code point) and at a limit of 0.
        """
        expected = self._store_keys(storage)
        seen: list[AssetKey] = []
        while page := storage.get_asset_keys(limit=5, cursor=seen[-1].to_string() if seen else None):
            seen += page
        assert seen == expected
        assert list(storage.get_asset_keys(limit=0)) == []

    def test_a_cursor_needs_not_exist(self, storage: EventLogStorage) -> None:
        """A cursor is compared, not looked up, and goes together with a prefix.

        Look for a lookup of the cursor's row; compare texts instead.
        """
        storage.store_events([make_materialization(path) for path in (["a"], ["c", "x"], ["c", "z"])])
        assert [key.path for key in storage.get_asset_keys(cursor='["b"]')] == [("c", "x"), ("c", "z")]
        assert [key.path for key in storage.get_asset_keys(prefix=["c"], cursor='["c", "y"]')] == [("c", "z")]

    @pytest.mark.parametrize("cursor", ["", "a", '"a"', "[]", "[1]", '{"a": 1}', "a/b"])
    def test_a_malformed_key_cursor_is_refused(self, storage: EventLogStorage, cursor: str) -> None:
        """A cursor that is no key's text raises InvalidArgumentError.

        Look at where the cursor is parsed: translate the parser's error.
        """
        with pytest.raises(InvalidArgumentError):
            storage.get_asset_keys(cursor=cursor)

    def test_a_negative_limit_of_keys_is_refused(self, storage: EventLogStorage) -> None:
        """A negative limit raises InvalidArgumentError.

        Look at whether the limit is checked before it reaches the database, where -1 may mean all.
        """
        with pytest.raises(InvalidArgumentError):
            storage.get_asset_keys(limit=-1)

    def test_a_long_key_is_kept(self, storage: EventLogStorage) -> None:
        """Keys of 300 characters that differ only at their end are two assets.

        Look at the length of the indexed column, and at what the database does with longer values.
        """
        keys = [AssetKey(["x" * 299 + end, "y" * 300]) for end in "ab"]
        storage.store_events([make_materialization(list(key.path)) for key in keys])
        assert list(storage.all_asset_keys()) == keys
        storage.wipe_asset(keys[0])
        assert list(storage.all_asset_keys()) == keys[1:]
