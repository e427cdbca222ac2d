"""How a run storage is read: order, limits, cursors and filters."""

import pytest
from msgspec.structs import replace

from runrack.errors import InvalidArgumentError
from runrack.interfaces.run_storage import RunStorage
from runrack.records import tags as tag_names
from runrack.records.event_type import EventType
from runrack.records.run import Run, RunPartitionData
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.testing.builders import NOW, make_event, make_job_snapshot, make_run, moment
from runrack.testing.conformance.suite import ConformanceSuite


def add_in_order(storage: RunStorage, *runs: Run) -> None:
    """Add runs, each made a second after the one before."""
    for index, run in enumerate(runs):
        storage.add_run(run, create_time=moment(index))


def add_three(storage: RunStorage) -> None:
    """Add the runs `a`, `b` and `c`."""
    add_in_order(storage, *(make_run(run_id) for run_id in "abc"))


class RunReadingTests(ConformanceSuite[RunStorage]):
    """What `get_run_records` and what is built on it return."""

    def test_a_run_is_read_back_equal(self, storage: RunStorage) -> None:
        """A run is read back with every field as it was given.

        Look at the codec: use `runrack.records.codec`, and keep no field in two places.
        """
        snapshot_id = storage.add_snapshot(make_job_snapshot())
        run = make_run(
            run_config={"ops": {"a": {"config": [1, 2.5, None, True, "ü"]}}},
            status=RunStatus.QUEUED,
            tags={"team": "ops"},
            root_run_id="root",
            parent_run_id="parent",
            step_keys_to_execute=("a", "b"),
            op_selection=("*a",),
            resolved_op_selection=frozenset({"a", "b"}),
            job_snapshot_id=snapshot_id,
        )
        assert storage.add_run(run) == run
        assert storage.get_run_by_id(run.run_id) == run

    def test_a_stored_run_is_out_of_reach(self, storage: RunStorage) -> None:
        """Changing the dicts that a run was made of does not change what is stored.

        Look for an object that is kept as given: encode it, or copy it deeply.
        """
        config, tags = {"a": 1}, {"key": "value"}
        storage.add_run(make_run("a", run_config=config, tags=tags))
        config["a"], tags["key"] = 2, "other"
        stored = storage.get_run_by_id("a")
        assert stored is not None
        assert (stored.run_config, stored.tags) == ({"a": 1}, {"key": "value"})

    def test_a_missing_run_is_none(self, storage: RunStorage) -> None:
        """An unknown or empty id gives None and False.

        Look at what you return when no row is found.
        """
        assert (storage.get_run_by_id("x"), storage.get_run_by_id("")) == (None, None)
        assert (storage.get_run_record_by_id("x"), storage.has_run("x"), storage.has_run("")) == (
            None,
            False,
            False,
        )

    def test_an_empty_storage_gives_nothing(self, storage: RunStorage) -> None:
        """An empty storage gives no runs, no tags and a count of 0.

        Look at aggregates over no rows.
        """
        assert list(storage.get_run_records()) == []
        assert (storage.get_runs_count(), list(storage.get_run_tags()), list(storage.get_run_tag_keys())) == (
            0,
            [],
            [],
        )

    def test_runs_come_newest_first(self, storage: RunStorage) -> None:
        """Runs come in the reverse order of insertion, or in that order when ascending.

        Look at ORDER BY: the storage id, descending unless told otherwise.
        """
        add_three(storage)
        assert storage.get_run_ids() == ["c", "b", "a"]
        assert [run.run_id for run in storage.get_runs(ascending=True)] == ["a", "b", "c"]

    def test_insertion_decides_not_time(self, storage: RunStorage) -> None:
        """A run that was made earlier but added later counts as newer.

        Look for a timestamp in ORDER BY, or an id that is made from one.
        """
        storage.add_run(make_run("first"), create_time=moment(10))
        storage.add_historical_run(make_run("second"), create_time=moment(0))
        assert storage.get_run_ids() == ["second", "first"]

    def test_storage_ids_grow(self, storage: RunStorage) -> None:
        """Storage ids are positive and grow in the order of insertion.

        Look at where ids come from: a counter of the storage.
        """
        add_three(storage)
        ids = [record.storage_id for record in storage.get_run_records(ascending=True)]
        assert ids == sorted(set(ids))
        assert ids[0] > 0

    @pytest.mark.parametrize(
        ("limit", "expected"),
        [(0, []), (1, ["c"]), (2, ["c", "b"]), (3, ["c", "b", "a"]), (9, ["c", "b", "a"])],
    )
    def test_a_limit_is_exact(self, storage: RunStorage, limit: int, expected: list[str]) -> None:
        """A limit gives as many runs as it says, 0 none; check 0 against "no limit".

        Look at a test such as `if limit:` that takes 0 for no limit.
        """
        add_three(storage)
        assert storage.get_run_ids(limit=limit) == expected

    def test_a_limit_counts_what_is_selected(self, storage: RunStorage) -> None:
        """The limit cuts what the filter has selected already.

        Look for a filter that is applied in Python after the database has cut.
        """
        add_in_order(
            storage, *(make_run(run_id, job_name=f"{index % 2}") for index, run_id in enumerate("abcd"))
        )
        assert storage.get_run_ids(RunsFilter(job_name="0"), limit=2) == ["c", "a"]

    def test_a_negative_limit_is_refused(self, storage: RunStorage) -> None:
        """A negative limit raises InvalidArgumentError.

        Look at whether the limit is checked before it reaches the database, where -1 may mean all.
        """
        with pytest.raises(InvalidArgumentError):
            storage.get_run_records(limit=-1)

    def test_a_cursor_is_exclusive(self, storage: RunStorage) -> None:
        """A cursor gives the runs added before it, or after it when ascending.

        Look at the comparison with the cursor: strict, and turned round when ascending.
        """
        add_three(storage)
        assert storage.get_run_ids(cursor="b") == ["a"]
        assert [run.run_id for run in storage.get_runs(cursor="b", ascending=True)] == ["c"]
        assert (storage.get_run_ids(cursor="a"), storage.get_run_ids(cursor="c", limit=1)) == ([], ["b"])

    def test_an_unknown_cursor_gives_nothing(self, storage: RunStorage) -> None:
        """An unknown cursor gives no runs, an empty one is no cursor.

        Look at the lookup of the cursor: an id that is not found is not the beginning.
        """
        add_three(storage)
        assert storage.get_run_ids(cursor="x") == []
        assert storage.get_run_ids(cursor="") == ["c", "b", "a"]

    def test_a_cursor_needs_not_match_the_filter(self, storage: RunStorage) -> None:
        """The run that a cursor names may be one that the filter leaves out.

        Look at the lookup of the cursor: without the filter.
        """
        add_in_order(
            storage, make_run("a", job_name="x"), make_run("b", job_name="y"), make_run("c", job_name="x")
        )
        assert storage.get_run_ids(RunsFilter(job_name="x"), cursor="b") == ["a"]

    def test_pages_give_every_run_once(self, storage: RunStorage) -> None:
        """Following the cursor through pages gives every run once, in both directions.

        Look at the order and the comparison: both by the same column.
        """
        ids = [f"run-{index}" for index in range(25)]
        add_in_order(storage, *(make_run(run_id) for run_id in ids))
        assert self._pages(storage, ascending=True) == ids
        assert self._pages(storage, ascending=False) == ids[::-1]

    def _pages(self, storage: RunStorage, *, ascending: bool) -> list[str]:
        seen: list[str] = []
        while page := storage.get_run_records(
            limit=4, cursor=seen[-1] if seen else None, ascending=ascending
        ):
            seen += [record.run.run_id for record in page]
        return seen

    def test_a_count_counts_the_selected(self, storage: RunStorage) -> None:
        """`get_runs_count` counts what `get_runs` would return, each run once.

        Look at a join with tags that counts a run once per tag.
        """
        add_in_order(storage, *(make_run(f"{index}", tags={"x": "1", "y": "2"}) for index in range(3)))
        assert (storage.get_runs_count(), storage.get_runs_count(RunsFilter(run_ids=["0"]))) == (3, 1)
        assert storage.get_runs_count(RunsFilter(tags={"x": ["1", "2"], "y": ["2", "3"]})) == 3

    @pytest.mark.parametrize(
        ("order_by", "expected"),
        [
            ("id", ["b", "a", "c"]),
            ("run_id", ["a", "b", "c"]),
            ("job_name", ["b", "c", "a"]),
            ("status", ["c", "b", "a"]),
            ("create_timestamp", ["c", "b", "a"]),
            ("update_timestamp", ["c", "b", "a"]),
        ],
    )
    def test_runs_can_be_ordered(self, storage: RunStorage, order_by: str, expected: list[str]) -> None:
        """`order_by` orders by that column, ties by insertion; `ascending` False reverses.

        Look at the second column of the order: the storage id, in the same direction.
        """
        storage.add_run(make_run("b", job_name="B", status=RunStatus.SUCCESS), create_time=moment(2))
        storage.add_run(make_run("a", job_name="a", status=RunStatus.SUCCESS), create_time=moment(3))
        storage.add_run(make_run("c", job_name="B", status=RunStatus.FAILURE), create_time=moment(1))
        up = [record.run.run_id for record in storage.get_run_records(order_by=order_by, ascending=True)]
        down = [record.run.run_id for record in storage.get_run_records(order_by=order_by)]
        assert (up, down) == (expected, expected[::-1])

    @pytest.mark.parametrize("order_by", ["start_time", "end_time"])
    def test_runs_without_a_time_come_first(self, storage: RunStorage, order_by: str) -> None:
        """Rows without a value come first when ascending, last when not.

        Look at NULLS FIRST and LAST, which databases have different defaults for.
        """
        add_three(storage)
        for run_id, seconds in (("c", 10), ("a", 20)):
            for event_type in (EventType.RUN_START, EventType.RUN_SUCCESS):
                storage.handle_run_event(run_id, make_event(event_type), update_timestamp=moment(seconds))
        up = [record.run.run_id for record in storage.get_run_records(order_by=order_by, ascending=True)]
        down = [record.run.run_id for record in storage.get_run_records(order_by=order_by)]
        assert (up, down) == (["b", "c", "a"], ["a", "c", "b"])

    def test_an_order_goes_before_the_limit(self, storage: RunStorage) -> None:
        """The limit cuts what is ordered already; a cursor compares insertion also then.

        Look at the order of ORDER BY, the cursor's condition and LIMIT.
        """
        add_in_order(storage, *(make_run(run_id) for run_id in "bcad"))
        first = storage.get_run_records(order_by="run_id", ascending=True, limit=2)
        assert [record.run.run_id for record in first] == ["a", "b"]
        after = storage.get_run_records(order_by="run_id", ascending=True, cursor="c")
        assert [record.run.run_id for record in after] == ["a", "d"]

    @pytest.mark.parametrize("order_by", ["", "body", "id; DROP TABLE runs", "__class__"])
    def test_an_unknown_order_is_refused(self, storage: RunStorage, order_by: str) -> None:
        """`order_by` takes one of RUN_ORDERS and raises InvalidArgumentError for anything else.

        Look at the check of `order_by`: no text of the caller becomes SQL.
        """
        with pytest.raises(InvalidArgumentError):
            storage.get_run_records(order_by=order_by)

    def test_a_group_is_its_root_and_its_retries(self, storage: RunStorage) -> None:
        """A group is its root first, then the runs whose tag names the root, oldest first.

        Look at how the root is found from any member, and at its place in the result.
        """
        add_in_order(storage, make_run("root"), make_run("stranger"))
        for index in (1, 2):
            tags = {tag_names.ROOT_RUN_ID: "root"}
            retry = make_run(f"retry-{index}", root_run_id="root", parent_run_id="root", tags=tags)
            storage.add_run(retry)
        for run_id in ("root", "retry-1", "retry-2"):
            root_id, runs = storage.get_run_group(run_id)
            assert (root_id, [run.run_id for run in runs]) == ("root", ["root", "retry-1", "retry-2"])
        assert [run.run_id for run in storage.get_run_group("stranger")[1]] == ["stranger"]

    def test_the_newest_run_of_each_partition(self, storage: RunStorage) -> None:
        """Each partition is given once with its newest run that the filter selects, sorted by partition.

        Look at the grouping by the partition's tag, after the filter, and at ids rather than times.
        """
        partitions = {"a": "2024-02", "b": "2024-01", "c": "2024-02", "d": None}
        for run_id, partition in partitions.items():
            tags = {} if partition is None else {tag_names.PARTITION: partition}
            storage.add_run(make_run(run_id, job_name=f"job-{run_id in 'ab'}", tags=tags))
        storage.handle_run_event("c", make_event(EventType.RUN_START), update_timestamp=moment(1))
        before, after = (
            RunPartitionData(partition="2024-01", run_id="b", status=RunStatus.NOT_STARTED),
            RunPartitionData(partition="2024-02", run_id="c", status=RunStatus.STARTED, start_time=NOW + 1),
        )
        assert list(storage.get_run_partition_data()) == [before, after]
        only = RunsFilter(tags={tag_names.PARTITION: ["2024-02", "2024-03"]})
        assert list(storage.get_run_partition_data(only)) == [after]
        found = storage.get_run_partition_data(RunsFilter(job_name="job-True"))
        assert [(each.partition, each.run_id) for each in found] == [("2024-01", "b"), ("2024-02", "a")]
        assert list(storage.get_run_partition_data(RunsFilter(job_name="unknown"))) == []

    @pytest.mark.parametrize("order_by", [None, "start_time", "job_name"])
    @pytest.mark.parametrize("ascending", [False, True])
    def test_more_ids_than_a_query_carries(
        self, storage: RunStorage, order_by: str | None, ascending: bool
    ) -> None:
        """With 40,000 ids, some of them twice, order, limit, cursor and count are those of the runs among them.

        Look at how portions are put together again: order, limit and cursor count over all of them.
        """
        add_in_order(storage, *(make_run(run_id, job_name=f"job-{run_id}") for run_id in "cadbe"))
        storage.handle_run_event("a", make_event(EventType.RUN_START), update_timestamp=moment(9))
        storage.handle_run_event("d", make_event(EventType.RUN_START), update_timestamp=moment(8))
        unknown = [f"{number}" for number in range(10_000)]
        filters = RunsFilter(run_ids=["d", *unknown, "b", *unknown, "a", "b", *unknown, "c", *unknown])
        upwards = {None: "cadb", "start_time": "cbda", "job_name": "abcd"}[order_by]
        expected = [*(upwards if ascending else reversed(upwards))]
        found = storage.get_run_records(filters, 3, order_by, ascending)
        assert [record.run.run_id for record in found] == expected[:3]
        assert storage.get_runs_count(filters) == 4
        assert list(storage.get_run_ids(filters, cursor="b")) == ["d", "a", "c"]

    @pytest.mark.parametrize("ascending", [False, True])
    def test_several_statuses_are_one_list(self, storage: RunStorage, ascending: bool) -> None:
        """Runs in any of several statuses, one named twice, come in one order, each once, up to the limit.

        Look at a union of one query for each status: it has to be ordered and cut again.
        """
        statuses = [RunStatus.QUEUED, RunStatus.STARTED, RunStatus.SUCCESS, RunStatus.FAILURE]
        add_in_order(storage, *(make_run(f"{number}", status=statuses[number % 4]) for number in range(12)))
        filters = RunsFilter(statuses=[RunStatus.SUCCESS, RunStatus.QUEUED, RunStatus.SUCCESS])
        upwards = ["0", "2", "4", "6", "8", "10"]
        expected = upwards if ascending else upwards[::-1]
        assert [run.run_id for run in storage.get_runs(filters, limit=4, ascending=ascending)] == expected[:4]
        page = storage.get_runs(filters, cursor=expected[3], ascending=ascending)
        assert [run.run_id for run in page] == expected[4:]
        assert storage.get_runs_count(filters) == 6

    def test_many_values_of_a_tag_are_one_list(self, storage: RunStorage) -> None:
        """Runs with any of some, or of many, values of a tag come in one order, each once, up to the limit.

        Look at a union of queries: each run once, ordered and cut again.
        """
        add_in_order(storage, *(make_run(f"{n}", tags={"x": f"{n}", "parity": f"{n % 2}"}) for n in range(6)))
        for values in (["5", "1", "3", "1"], [f"{number}" for number in range(5000, 0, -1)]):
            filters = RunsFilter(tags={"parity": "1", "x": values})
            assert list(storage.get_run_ids(filters, limit=2)) == ["5", "3"]
            assert list(storage.get_run_ids(filters, cursor="5")) == ["3", "1"]
            assert storage.get_runs_count(filters) == 3

    def test_tags_of_given_runs_must_match(self, storage: RunStorage) -> None:
        """Ids and tags in one filter must both match, and no run of a backfill is given where those are left out.

        Look at the path that answers `run_ids`: it must not skip the other conditions.
        """
        add_in_order(storage, *(make_run(run_id, tags={"x": run_id, "y": "1"}) for run_id in "abc"))
        storage.add_run_tags("b", {tag_names.BACKFILL: "1"})
        filters = RunsFilter(run_ids=["a", "b"], tags={"y": ["1", "2"]})
        assert list(storage.get_run_ids(filters)) == ["b", "a"]
        assert list(storage.get_run_ids(replace(filters, exclude_subruns=True))) == ["a"]
        assert storage.get_runs_count(RunsFilter(tags={"y": "1"}, exclude_subruns=True)) == 2
