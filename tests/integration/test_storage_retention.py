"""Removing old events: what goes, what stays, and beside writers."""

from datetime import UTC, datetime, timedelta

import pytest

from runrack.interfaces.retention import EventKind, SupportsRetention
from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_materialization, make_run

NOW = datetime(2026, 1, 31, tzinfo=UTC)
ALL_KINDS = dict.fromkeys(EventKind, timedelta(days=7))
OLD = (NOW - timedelta(days=8)).timestamp()
YOUNG = (NOW - timedelta(days=6)).timestamp()


@pytest.fixture(params=["memory", "sqlite", "postgres", "mysql"])
def storage(request, make_place):
    storage = make_place(request.param).open()
    yield storage
    storage.dispose()


def pruning(storage):
    """What removes the events of a storage: itself, or a part of it."""
    return storage if isinstance(storage, SupportsRetention) else storage.event_log_storage


def prune(storage, kept, **options):
    """Prune and return how many events of each kind were removed."""
    removed = {}
    for step in pruning(storage).prune_events(kept, NOW, **options):
        removed[step.what] = removed.get(step.what, 0) + step.count
    return {kind: count for kind, count in removed.items() if count}


def store_one_of_each(storage, timestamp, run_id="run"):
    entries = [
        make_entry("debug", run_id, level=10, timestamp=timestamp),
        make_entry("info", run_id, level=20, timestamp=timestamp),
        make_entry("warning", run_id, level=30, timestamp=timestamp),
        make_entry("error", run_id, level=40, timestamp=timestamp),
        make_entry(EventType.STEP_START, run_id, timestamp=timestamp),
        make_entry(EventType.ENGINE_EVENT, run_id, timestamp=timestamp),
        make_entry(EventType.RUN_START, run_id, timestamp=timestamp),
    ]
    storage.store_events(entries)
    return entries


def stored(storage, run_id="run"):
    return [
        record.event_log_entry for record in storage.event_log_storage.get_records_for_run(run_id).records
    ]


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (EventKind.DEBUG_MESSAGES, 0),
        (EventKind.INFO_MESSAGES, 1),
        (EventKind.WARNING_MESSAGES, 2),
        (EventKind.ERROR_MESSAGES, 3),
        (EventKind.STEP_EVENTS, 4),
        (EventKind.ENGINE_EVENTS, 5),
        (EventKind.RUN_STATUS_EVENTS, 6),
    ],
)
def test_each_kind_has_its_own_time(storage, kind, place):
    """Only old events of the kinds that are named are removed; young ones and other kinds stay."""
    entries = store_one_of_each(storage, OLD)
    young = store_one_of_each(storage, YOUNG)
    assert prune(storage, {kind: timedelta(days=7)}) == {kind: 1}
    assert stored(storage) == [*entries[:place], *entries[place + 1 :], *young]


def test_a_dry_run_counts_and_changes_nothing(storage):
    """What would be removed is counted, as often as one likes."""
    entries = store_one_of_each(storage, OLD)
    for _ in range(2):
        counted = prune(storage, ALL_KINDS, dry_run=True)
        assert sum(counted.values()) == len(entries)
    assert stored(storage) == entries


def test_runs_and_assets_keep_their_state(storage):
    """Runs stay as they are, and so do the latest events of assets and partitions, whatever their age."""
    storage.run_storage.add_run(make_run("run"))
    for _ in range(3):
        storage.store_events(
            [
                make_materialization("asset", "a", "run", timestamp=OLD),
                make_materialization("asset", "b", "run", timestamp=OLD),
                make_materialization("other", None, "run", timestamp=OLD),
            ]
        )
    storage.store_events([make_entry(EventType.RUN_START, "run", timestamp=OLD)])
    log = storage.event_log_storage
    before = (storage.run_storage.get_run_records(), log.get_asset_records())
    assert prune(storage, ALL_KINDS) == {EventKind.ASSET_MATERIALIZATIONS: 6, EventKind.RUN_STATUS_EVENTS: 1}
    assert (storage.run_storage.get_run_records(), log.get_asset_records()) == before
    kept = [
        record.partition_key
        for record in log.fetch_materializations(before[1][0].asset_entry.asset_key, 9).records
    ]
    assert sorted(kept) == ["a", "b"]


def test_pruning_goes_on_where_it_stopped(storage):
    """Who stops after a step has removed what that step told; the next call does the rest."""
    for _ in range(3):
        storage.store_events([make_entry("old", level=10, timestamp=OLD) for _ in range(400)])
    debug = {EventKind.DEBUG_MESSAGES: timedelta(days=7)}
    first = next(pruning(storage).prune_events(debug, NOW))
    assert (first.count, first.reached, first.end) == (200, 200, 1200)
    assert prune(storage, debug) == {EventKind.DEBUG_MESSAGES: 1000}
    assert prune(storage, debug) == {}


def test_an_event_from_the_future_holds_nothing_up(storage):
    """A clock that was wrong for a moment keeps its own event for good, and no other."""
    future = (NOW + timedelta(days=400)).timestamp()
    storage.store_events(
        [
            make_entry("old", "run", level=10, timestamp=OLD),
            make_entry("wrong", "run", level=10, timestamp=future),
            make_entry("old", "run", level=10, timestamp=OLD),
        ]
    )
    assert prune(storage, ALL_KINDS) == {EventKind.DEBUG_MESSAGES: 2}
    assert [entry.message for entry in stored(storage)] == ["wrong"]
