"""The newest event of each partition of an asset."""

from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.records.asset_key import AssetKey
from runrack.records.event_type import EventType
from runrack.testing.builders import NOW, make_materialization, make_observation, make_plan
from runrack.testing.conformance.asset_catalog import ASSET, MATERIALIZATION
from runrack.testing.conformance.suite import ConformanceSuite, in_threads


class AssetPartitionTests(ConformanceSuite[EventLogStorage]):
    """What is known about the partitions of an asset."""

    def test_the_newest_event_of_each_partition(self, storage: EventLogStorage) -> None:
        """Each partition has the id of its newest event of the type; other types, assets and no partition do not count.

        Look at the grouping: by partition, of one type and one asset, and rows without a partition left out.
        """
        ids = [
            record.storage_id
            for record in storage.store_events(
                [
                    make_materialization(partition="a", timestamp=NOW + 10),
                    make_materialization(partition="b"),
                    make_materialization(partition="a", timestamp=NOW),
                    make_materialization(partition=None),
                    make_observation(partition="a"),
                    make_plan(partition="c"),
                    make_materialization("other", "d"),
                ]
            )
        ]
        newest = storage.get_latest_storage_id_by_partition
        assert newest(ASSET, MATERIALIZATION) == {"a": ids[2], "b": ids[1]}
        assert newest(ASSET, EventType.ASSET_OBSERVATION) == {"a": ids[4]}
        assert newest(ASSET, EventType.ASSET_MATERIALIZATION_PLANNED) == {"c": ids[5]}
        assert newest(AssetKey("unknown"), MATERIALIZATION) == {}

    def test_partitions_can_be_chosen(self, storage: EventLogStorage) -> None:
        """`partitions` restricts, None and empty mean all; `after_cursor` leaves out what is not above it.

        Look at what an empty list becomes (all), and at the comparison with `after_cursor` (strictly greater).
        """
        storage.store_events([make_materialization(partition=partition) for partition in "abAc"])
        newest = storage.get_latest_storage_id_by_partition(ASSET, MATERIALIZATION)
        assert set(newest) == set("abAc")

        def found(partitions: list[str] | None = None, after_cursor: int | None = None) -> set[str]:
            return set(
                storage.get_latest_storage_id_by_partition(ASSET, MATERIALIZATION, partitions, after_cursor)
            )

        assert (found(["a", "x"]), found([]), found(None)) == ({"a"}, set("abAc"), set("abAc"))
        assert found(after_cursor=newest["b"]) == {"A", "c"}
        assert found(["a", "c"], newest["a"]) == {"c"}

    def test_an_older_event_does_not_stand_in(self, storage: EventLogStorage) -> None:
        """`after_cursor` looks at the newest event of a partition, and gives its id, never an older one.

        Look at the order of steps: first the newest of each partition, then the comparison with the cursor.
        """
        first, second = (
            record.storage_id
            for record in storage.store_events([make_materialization(partition="a") for _ in range(2)])
        )
        after_first = storage.get_latest_storage_id_by_partition(ASSET, MATERIALIZATION, after_cursor=first)
        after_second = storage.get_latest_storage_id_by_partition(ASSET, MATERIALIZATION, after_cursor=second)
        assert (after_first, after_second) == ({"a": second}, {})

    def test_materialized_partitions_lie_between_cursors(self, storage: EventLogStorage) -> None:
        """`get_materialized_partitions` gives the partitions whose newest materialization lies between two ids.

        Look at both bounds, which are strict, and at their being applied to the newest id only.
        """
        entries = [make_materialization(partition=partition) for partition in "abc"]
        ids = [record.storage_id for record in storage.store_events([*entries, make_plan(partition="d")])]
        assert storage.get_materialized_partitions(ASSET) == {"a", "b", "c"}
        assert storage.get_materialized_partitions(ASSET, before_cursor=ids[2]) == {"a", "b"}
        assert storage.get_materialized_partitions(ASSET, before_cursor=ids[2], after_cursor=ids[0]) == {"b"}
        storage.store_event(make_materialization(partition="a"))
        assert storage.get_materialized_partitions(ASSET, before_cursor=ids[2]) == {"b"}

    def test_partition_names_are_exact(self, storage: EventLogStorage) -> None:
        """Names of partitions compare by code point; they may be empty, long, or hold any character but NUL.

        Look at the collation and the type of the partition's column: trailing blanks, case and length count.
        """
        names = ["", "a", "A", "a ", "á", "a\u0301", "%", "_", "🚀", "'", '"', "\\", "x" * 500]
        storage.store_events([make_materialization(partition=name) for name in names])
        found = storage.get_latest_storage_id_by_partition(ASSET, MATERIALIZATION)
        assert set(found) == set(names)
        for name in names:
            only = storage.get_latest_storage_id_by_partition(ASSET, MATERIALIZATION, [name])
            assert only == {name: found[name]}

    def test_threads_agree_on_the_newest(self, storage: EventLogStorage) -> None:
        """After 8 threads wrote one partition at once, its newest id is the highest.

        Look for a row of the newest event that a slower writer with a lower id can overwrite.
        """

        def write(_number: int) -> int:
            entries = [make_materialization(partition="a") for _ in range(10)]
            return max(storage.store_event(entry).storage_id for entry in entries)

        highest = max(in_threads(write))
        assert storage.get_latest_storage_id_by_partition(ASSET, MATERIALIZATION) == {"a": highest}
