"""AssetHistoryTests: what the log tells about assets beyond their latest state."""

from collections.abc import Mapping
from typing import Any

import pytest

from runrack.errors import InvalidArgumentError
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.records.asset import AssetCheckEvaluation
from runrack.records.asset_key import AssetKey
from runrack.records.event import EventLogEntry
from runrack.records.event_data import AssetCheckEvaluationData
from runrack.records.event_type import EventType
from runrack.records.tags import CODE_VERSION, DATA_VERSION, PARTITION_DIMENSION_PREFIX
from runrack.testing.builders import make_entry, make_event, make_materialization, make_observation, make_plan
from runrack.testing.conformance.suite import ConformanceSuite

ASSET = AssetKey("asset")
OTHER = AssetKey("other")
DAY = f"{PARTITION_DIMENSION_PREFIX}day"


def _evaluation(check_name: str, partition: str | None = None) -> EventLogEntry:
    evaluation = AssetCheckEvaluation(ASSET, check_name, passed=True, partition=partition)
    return make_entry(make_event(EventType.ASSET_CHECK_EVALUATION, AssetCheckEvaluationData(evaluation)))


class AssetHistoryTests(ConformanceSuite[EventLogStorage]):
    """What an `AssetHistory` answers."""

    def test_plans_are_fetched(self, storage: EventLogStorage) -> None:
        """The plans of an asset are paged like its materializations, without anything else.

        Look at which type of event the query selects, and whether it shares the paging of materializations.
        """
        records = storage.store_events([make_plan(), make_materialization(), make_plan(), make_plan("other")])
        first = storage.fetch_planned_materializations(ASSET, 1)
        second = storage.fetch_planned_materializations(ASSET, 1, first.cursor)
        assert [*first.records, *second.records] == [records[2], records[0]]
        assert (first.has_more, second.has_more) == (True, False)

    def test_assets_of_a_run(self, storage: EventLogStorage) -> None:
        """The assets and partitions of a run are told once each, first met first, by type when asked so, wiped or not.

        Look at whether this reads the log of the run rather than the catalog, and at how repeats are dropped.
        """
        storage.store_events(
            [
                make_plan("other", "b"),
                make_materialization("asset", "a"),
                make_observation("asset", "a"),
                make_materialization("asset"),
                make_materialization("stranger", run_id="2"),
            ]
        )
        storage.wipe_asset(ASSET)
        assert list(storage.get_asset_partitions_for_run("run")) == [
            (OTHER, "b"),
            (ASSET, "a"),
            (ASSET, None),
        ]
        assert list(storage.get_asset_keys_for_run("run")) == [OTHER, ASSET]
        written = EventType.ASSET_MATERIALIZATION
        assert list(storage.get_asset_partitions_for_run("run", written)) == [(ASSET, "a"), (ASSET, None)]
        assert list(storage.get_asset_keys_for_run("run", {EventType.ASSET_MATERIALIZATION_PLANNED})) == [
            OTHER
        ]
        assert list(storage.get_asset_keys_for_run("unknown")) == []

    def test_indexed_tags_are_told_for_each_event(self, storage: EventLogStorage) -> None:
        """The indexed tags of each event that has any are told, oldest first; all tags of a filter are on one event.

        Look at the join with the tags: all tags of the filter have to match on the same event.
        """
        one, two = {DATA_VERSION: "1", DAY: "mon"}, {DATA_VERSION: "2"}
        records = storage.store_events(
            [
                make_materialization(tags={**one, CODE_VERSION: "x"}),
                make_materialization(tags={CODE_VERSION: "x"}),
                make_observation(tags=two),
                make_materialization("other", tags=two),
            ]
        )
        tags_of = storage.get_event_tags_for_asset
        assert list(tags_of(ASSET)) == [one, two]
        assert list(tags_of(ASSET, {DATA_VERSION: "1", DAY: "mon"})) == [one]
        assert list(tags_of(ASSET, {DATA_VERSION: "2", DAY: "mon"})) == []
        assert list(tags_of(ASSET, filter_event_id=records[2].storage_id)) == [two]
        assert list(tags_of(ASSET, one, records[2].storage_id)) == []
        storage.wipe_asset(ASSET)
        assert list(tags_of(ASSET)) == []

    def test_the_latest_tags_of_partitions(self, storage: EventLogStorage) -> None:
        """The newest event of each partition tells its indexed tags, also that before or after a storage id.

        Look at which event of a partition is taken: the one with the highest id inside the bounds.
        """
        written = EventType.ASSET_MATERIALIZATION
        old, new = {DATA_VERSION: "1", DAY: "mon"}, {DATA_VERSION: "2"}
        records = storage.store_events(
            [
                make_materialization(partition="a", tags=old),
                make_materialization(partition="b", tags={**old, CODE_VERSION: "x"}),
                make_materialization(partition="a", tags=new),
                make_materialization(partition="c", tags={CODE_VERSION: "x"}),
                make_materialization(tags=new),
                make_observation(partition="b", tags=new),
                make_materialization("other", "a", tags=old),
            ]
        )

        def found(tag_keys: list[str], **fields: Any) -> Mapping[str, Mapping[str, str]]:
            return storage.get_latest_tags_by_partition(ASSET, written, tag_keys, **fields)

        assert found([DATA_VERSION, DAY]) == {"a": new, "b": old}
        assert found([DAY]) == {"b": {DAY: "mon"}}
        assert found([DATA_VERSION], asset_partitions=["a", "c", "x"]) == {"a": new}
        assert found([DATA_VERSION], before_cursor=records[2].storage_id) == {
            name: {DATA_VERSION: "1"} for name in "ab"
        }
        assert found([DATA_VERSION], after_cursor=records[1].storage_id) == {"a": new}
        ids = {"after_cursor": records[0].storage_id, "before_cursor": records[2].storage_id}
        assert found([DAY], **ids) == {"b": {DAY: "mon"}}
        observed = storage.get_latest_tags_by_partition(ASSET, EventType.ASSET_OBSERVATION, [DATA_VERSION])
        assert observed == {"b": new}
        storage.wipe_asset(ASSET)
        assert found([DATA_VERSION]) == {}

    def test_only_indexed_tags_are_told_by_partition(self, storage: EventLogStorage) -> None:
        """Tags that are not indexed, none at all, and a string in place of a list raise InvalidArgumentError.

        Look at the check of the arguments: it comes before any query.
        """
        for tag_keys in ([CODE_VERSION], [DATA_VERSION, "other"], [], DATA_VERSION):
            with pytest.raises(InvalidArgumentError):
                storage.get_latest_tags_by_partition(ASSET, EventType.ASSET_MATERIALIZATION, tag_keys)

    def test_partitions_with_another_data_version(self, storage: EventLogStorage) -> None:
        """A partition that was written with another version since, or with a version for the first time, is told.

        Look at the comparison with the version of the newest event, and at partitions that had no version.
        """
        one, two = {DATA_VERSION: "1"}, {DATA_VERSION: "2"}
        first = storage.store_events(
            [make_materialization(partition=name, tags=one) for name in ("other", "same", "gone", "idle")]
        )
        storage.store_events(
            [
                make_materialization(partition="other", tags=two),
                make_materialization(partition="same", tags=two),
                make_materialization(partition="same", tags=one),
                make_materialization(partition="gone"),
                make_materialization(partition="new", tags=one),
            ]
        )
        since, names = first[-1].storage_id, ["other", "same", "gone", "idle", "new", "unknown"]
        updated = storage.get_updated_data_version_partitions
        assert updated(ASSET, names, since) == {"other", "new"}
        assert updated(ASSET, ["same", "other"], since) == {"other"}
        assert updated(ASSET, [], since) == set()
        assert updated(ASSET, names, 0) == {"other", "same", "idle", "new"}
        assert updated(OTHER, names, 0) == set()

    def test_the_latest_data_version_record(self, storage: EventLogStorage) -> None:
        """The newest materialization tells, or without one the newest observation; bounds and partition select.

        Look at the fallback from materialization to observation, and at bounds that must hold for both.
        """
        latest = storage.get_latest_data_version_record
        assert latest(ASSET) is None
        observed = storage.store_event(make_observation(partition="a"))
        assert (latest(ASSET), latest(ASSET, is_source=True), latest(ASSET, is_source=False)) == (
            observed,
            observed,
            None,
        )
        first = storage.store_event(make_materialization(partition="a"))
        second = storage.store_event(make_materialization(partition="b"))
        storage.store_event(make_observation(partition="b"))
        assert (latest(ASSET), latest(ASSET, is_source=False)) == (second, second)
        assert (latest(ASSET, partition_key="a"), latest(ASSET, is_source=True, partition_key="a")) == (
            first,
            observed,
        )
        assert latest(ASSET, before_cursor=second.storage_id) == first
        assert latest(ASSET, is_source=False, after_cursor=second.storage_id) is None

    def test_evaluations_of_a_check(self, storage: EventLogStorage) -> None:
        """The evaluations of one check are told newest first, up to a limit and before an id; other checks are not.

        Look at the name of the check in the condition, the order by storage id, and the strict bound.
        """
        names = ["a", "b", "a", "A", "a"]
        records = storage.store_events([_evaluation(name, partition="p") for name in names])
        found = storage.get_asset_check_evaluations
        assert list(found(ASSET, "a", 10)) == [records[4], records[2], records[0]]
        assert list(found(ASSET, "a", 2)) == [records[4], records[2]]
        assert list(found(ASSET, "a", 10, records[2].storage_id)) == [records[0]]
        assert (list(found(ASSET, "x", 10)), list(found(OTHER, "a", 10)), list(found(ASSET, "a", 0))) == (
            [],
            [],
            [],
        )
        with pytest.raises(InvalidArgumentError):
            found(ASSET, "a", -1)
