"""PendingPlanTests and PartitionWipeTests: what is known about the partitions of assets, whatever the log still holds."""

import time
from typing import Any

import pytest

from runrack.errors import InvalidArgumentError
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.records.asset_key import AssetKey
from runrack.records.asset_record import PartitionEvent
from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_materialization, make_observation, make_plan
from runrack.testing.conformance.suite import ConformanceSuite

ASSET = AssetKey("asset")
MATERIALIZATION = EventType.ASSET_MATERIALIZATION
PLAN = EventType.ASSET_MATERIALIZATION_PLANNED


def _pending(storage: EventLogStorage, partitions: list[str] | None = None) -> list[tuple[str, str]]:
    return [(plan.partition, plan.run_id) for plan in storage.get_pending_plans(ASSET, partitions)]


def _plan(storage: EventLogStorage, run_id: str, partition: str | None = "a", asset: str = "asset") -> int:
    return storage.store_event(make_plan(asset, partition, run_id)).storage_id


class PendingPlanTests(ConformanceSuite[EventLogStorage]):
    """Which plans a catalog remembers."""

    def test_plans_wait_until_they_are_fulfilled(self, storage: EventLogStorage) -> None:
        """Plans are there, newest first, until their partition is written, by whichever run; others stay.

        Look at what a materialization removes: plans of its asset and partition, of every run.
        """
        _plan(storage, "1")
        _plan(storage, "2", "b")
        _plan(storage, "3")
        _plan(storage, "1", "a", "other")
        _plan(storage, "4", None)
        assert _pending(storage) == [("a", "3"), ("b", "2"), ("a", "1")]
        assert (_pending(storage, ["b", "c"]), _pending(storage, [])) == ([("b", "2")], _pending(storage))
        storage.store_events([make_observation(partition="a"), make_materialization(), make_entry("text")])
        assert len(_pending(storage)) == 3
        storage.store_event(make_materialization(partition="a", run_id="9"))
        assert _pending(storage) == [("b", "2")]
        assert [plan.run_id for plan in storage.get_pending_plans(AssetKey("other"))] == ["1"]

    def test_a_batch_of_plans_counts_in_its_order(self, storage: EventLogStorage) -> None:
        """Within a batch a plan before the materialization is fulfilled, one after it is pending.

        Look at whether a batch is applied entry by entry, or all plans after all materializations.
        """
        storage.store_events(
            [make_plan(partition="a"), make_materialization(partition="a"), make_plan(partition="b")]
        )
        assert _pending(storage) == [("b", "run")]
        storage.store_events([make_materialization(partition="b"), make_plan(partition="b", run_id="2")])
        assert _pending(storage) == [("b", "2")]

    def test_a_run_plans_a_partition_once(self, storage: EventLogStorage) -> None:
        """When a run plans a partition again, its newest plan is the one that is kept.

        Look at the key of the stored plans: run, asset and partition together.
        """
        _plan(storage, "1")
        newest = _plan(storage, "1")
        assert [plan.storage_id for plan in storage.get_pending_plans(ASSET)] == [newest]

    def test_the_plans_of_a_canceled_run_go(self, storage: EventLogStorage) -> None:
        """RUN_CANCELED takes the plans of its run away, and of no other; a late one does not.

        Look at the condition on the run, and at whether the event was late.
        """
        _plan(storage, "1")
        _plan(storage, "2")
        late = make_entry(EventType.RUN_CANCELED, "1")
        storage.store_events([late], late_event_ids=[late.event_id])
        assert _pending(storage) == [("a", "2"), ("a", "1")]
        storage.store_event(make_entry(EventType.RUN_CANCELED, "2"))
        assert _pending(storage) == [("a", "1")]

    def test_the_plans_of_a_deleted_run_go(self, storage: EventLogStorage) -> None:
        """Deleting the log of a run takes its plans away, and of no other.

        Look at `delete_events`: plans that lie in a table of their own go with the log.
        """
        _plan(storage, "1")
        _plan(storage, "2")
        storage.delete_events("2")
        assert _pending(storage) == [("a", "1")]

    @pytest.mark.parametrize("end", [EventType.RUN_SUCCESS, EventType.RUN_FAILURE])
    def test_of_ended_runs_the_newest_plan_stays(self, storage: EventLogStorage, end: EventType) -> None:
        """A run that ended gives way to a newer plan whose run has ended too; one of an unfinished run stays.

        Look at which plans are cleared away when a run plans anew: only those whose runs have ended.
        """
        _plan(storage, "unfinished")
        for number in range(5):
            _plan(storage, f"{number}")
            storage.store_event(make_entry(end, f"{number}"))
        _plan(storage, "newest")
        assert _pending(storage) == [("a", "newest"), ("a", "4"), ("a", "unfinished")]
        storage.store_event(make_entry(end, "unfinished"))
        assert _pending(storage) == [("a", "newest"), ("a", "4")]

    def test_a_wipe_takes_plans_away(self, storage: EventLogStorage) -> None:
        """Wiping an asset, or everything, leaves no plan of it.

        Look at the wipe of an asset and at `wipe`: both reach the plans.
        """
        _plan(storage, "1")
        _plan(storage, "1", "a", "other")
        storage.wipe_asset(ASSET)
        assert (_pending(storage), len(storage.get_pending_plans(AssetKey("other")))) == ([], 1)
        storage.wipe()
        assert list(storage.get_pending_plans(AssetKey("other"))) == []

    def test_the_newest_plan_is_known_with_its_run(self, storage: EventLogStorage) -> None:
        """The newest plan of an asset, and of a partition, is known with its run, also after it was fulfilled.

        Look at where the newest plan is kept: fulfilling it must not forget it.
        """
        first = _plan(storage, "1")
        second = _plan(storage, "2", None)
        storage.store_event(make_materialization(partition="a", run_id="1"))
        newest = storage.get_latest_planned_materialization_info
        assert newest(ASSET) == PartitionEvent(second, "2")
        assert newest(ASSET, "a") == PartitionEvent(first, "1")
        assert (newest(ASSET, "b"), newest(AssetKey("unknown"))) == (None, None)
        storage.wipe_asset(ASSET)
        assert (newest(ASSET), newest(ASSET, "a")) == (None, None)

    def test_attempts_without_materialization(self, storage: EventLogStorage) -> None:
        """A partition whose newest plan is newer than its newest materialization is told with that plan.

        Look at the comparison of two ids of a partition, and at partitions that were never materialized.
        """
        _plan(storage, "1", "written")
        storage.store_event(make_materialization(partition="written"))
        first = _plan(storage, "2", "planned")
        storage.store_event(make_entry(EventType.RUN_CANCELED, "2"))
        attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations
        assert attempts(ASSET) == {"planned": PartitionEvent(first, "2")}
        again = _plan(storage, "3", "written")
        assert attempts(ASSET, first) == {"written": PartitionEvent(again, "3")}

    def test_the_newest_event_is_known_with_its_run(self, storage: EventLogStorage) -> None:
        """The newest event of each type and partition is told with its run; deleting that run brings the one before.

        Look at what `delete_events` puts in the place of what it deletes.
        """
        old = storage.store_event(make_materialization(partition="a", run_id="1")).storage_id
        new = storage.store_event(make_materialization(partition="a", run_id="2")).storage_id
        assert storage.get_latest_event_by_partition(ASSET, MATERIALIZATION) == {
            "a": PartitionEvent(new, "2")
        }
        storage.delete_events("2")
        assert storage.get_latest_event_by_partition(ASSET, MATERIALIZATION) == {
            "a": PartitionEvent(old, "1")
        }

    def test_thousands_of_partitions_can_be_asked_for(self, storage: EventLogStorage) -> None:
        """2,000 partitions can be asked for at once.

        Look at the number of parameters of one statement: ask in portions.
        """
        keys = [f"{number}" for number in range(2_000)]
        storage.store_events([make_plan(partition=key) for key in keys])
        assert len(_pending(storage, [*keys[1:], "unknown"])) == 1_999
        newest = storage.get_latest_storage_id_by_partition(ASSET, PLAN, keys[1:])
        assert set(newest) == set(keys[1:])


class PartitionWipeTests(ConformanceSuite[EventLogStorage]):
    """What `wipe_asset_partitions` hides."""

    def test_a_partition_wipe_hides_what_was_stored(self, storage: EventLogStorage) -> None:
        """No asset query finds what was stored for the partition before; run logs, other partitions and assets stay.

        Look at every query over assets: each has to leave out what was wiped, and only of that partition.
        """
        entries = [
            make(partition=partition)
            for make in (make_materialization, make_observation, make_plan)
            for partition in ("a", "b", "A", None)
        ]
        other = make_materialization("other", "a")
        storage.store_events([*entries, other])
        storage.wipe_asset_partitions(ASSET, ["a", "unknown"])
        for fetch in (storage.fetch_materializations, storage.fetch_observations):
            partitions = [record.partition_key for record in fetch(ASSET, 10).records]
            assert partitions == [None, "A", "b"]
        assert storage.get_materialized_partitions(ASSET) == {"A", "b"}
        assert set(storage.get_latest_storage_id_by_partition(ASSET, PLAN)) == {"A", "b"}
        assert storage.get_materialized_partitions(AssetKey("other")) == {"a"}
        assert {partition for partition, _ in _pending(storage)} == {"A", "b"}
        assert list(storage.get_logs_for_run("run")) == [*entries, other]

    def test_the_latest_state_gives_way(self, storage: EventLogStorage) -> None:
        """What is latest and belongs to the partition is followed by the newest that does not; else it stays.

        Look at the row of the catalog: what it points at may belong to a wiped partition.
        """
        kept = [
            make(partition="b", run_id="1") for make in (make_materialization, make_observation, make_plan)
        ]
        gone = [
            make(partition="a", run_id="2") for make in (make_materialization, make_observation, make_plan)
        ]
        records = storage.store_events([*kept, *gone])
        storage.wipe_asset_partitions(ASSET, ["a"])
        (record,) = storage.get_asset_records([ASSET])
        entry = record.asset_entry
        assert (entry.last_materialization_record, entry.last_observation_record) == (records[0], records[1])
        assert storage.get_latest_planned_materialization_info(ASSET) == PartitionEvent(
            records[2].storage_id, "1"
        )
        storage.wipe_asset_partitions(ASSET, ["b"])
        (record,) = storage.get_asset_records([ASSET])
        assert (record.asset_entry.last_materialization, record.asset_entry.last_observation) == (None, None)
        assert storage.get_latest_planned_materialization_info(ASSET) is None
        assert storage.has_asset_key(ASSET)

    def test_a_wiped_partition_can_be_written_again(self, storage: EventLogStorage) -> None:
        """What is stored after the wipe counts, and only that; a second wipe hides it too.

        Look at the mark of the wipe: it hides ids up to its own, not the partition's name.
        """
        for _ in range(2):
            storage.store_event(make_materialization(partition="a", run_id="old"))
            storage.wipe_asset_partitions(ASSET, ["a"])
            assert storage.get_materialized_partitions(ASSET) == set()
            assert list(storage.fetch_materializations(ASSET, 10).records) == []
        new = storage.store_event(make_materialization(partition="a", run_id="new"))
        assert list(storage.fetch_materializations(ASSET, 10).records) == [new]
        assert storage.get_materialized_partitions(ASSET) == {"a"}

    def test_deleting_a_run_never_undoes_a_partition_wipe(self, storage: EventLogStorage) -> None:
        """What was wiped does not come back when the run that wrote the partition again is deleted.

        Look at the search for the newest remaining event: it begins after the wipe of the partition.
        """
        storage.store_event(make_materialization(partition="a", run_id="1"))
        storage.wipe_asset_partitions(ASSET, ["a"])
        storage.store_event(make_materialization(partition="a", run_id="2"))
        storage.delete_events("2")
        assert storage.get_materialized_partitions(ASSET) == set()
        (record,) = storage.get_asset_records([ASSET])
        assert record.asset_entry.last_materialization is None

    def test_partition_wipes_end_with_the_asset(self, storage: EventLogStorage) -> None:
        """After a wipe of the whole asset, what is stored later is seen, in the wiped partitions as well.

        Look at what a wipe of the asset does to marks of partitions: none of them may hide later events.
        """
        storage.store_event(make_materialization(partition="a"))
        storage.wipe_asset_partitions(ASSET, ["a"])
        storage.wipe_asset(ASSET)
        later = storage.store_event(make_materialization(partition="a", timestamp=time.time() + 3600))
        assert list(storage.fetch_materializations(ASSET, 10).records) == [later]

    def test_wiping_nothing_is_no_error(self, storage: EventLogStorage) -> None:
        """No partitions, and an unknown asset, change nothing.

        Look at what an empty list becomes: it must not mean all partitions.
        """
        record = storage.store_event(make_materialization(partition="a"))
        storage.wipe_asset_partitions(ASSET, [])
        storage.wipe_asset_partitions(AssetKey("unknown"), ["a"])
        assert list(storage.fetch_materializations(ASSET, 10).records) == [record]
        assert list(storage.all_asset_keys()) == [ASSET]

    @pytest.mark.parametrize("keys", ["a", ["a", 1], [None]])
    def test_wiped_partitions_are_a_list_of_strings(self, storage: EventLogStorage, keys: Any) -> None:
        """One string, or anything else than strings, raises InvalidArgumentError and hides nothing.

        Look at the check of the argument: a string is a sequence of strings, too.
        """
        storage.store_event(make_materialization(partition="a"))
        with pytest.raises(InvalidArgumentError):
            storage.wipe_asset_partitions(ASSET, keys)
        assert storage.get_materialized_partitions(ASSET) == {"a"}
