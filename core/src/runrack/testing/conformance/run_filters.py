"""Which runs a filter selects."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace

from runrack.interfaces.run_storage import RunStorage
from runrack.records import tags as tag_names
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.testing.builders import NOW, make_event, make_job_snapshot, make_run, moment
from runrack.testing.conformance.run_reading import add_in_order, add_three
from runrack.testing.conformance.suite import Ability, ConformanceSuite, needs

AWKWARD_STRINGS = (
    "a",
    "A",
    "a ",
    "á",
    "a\u0301",
    "%",
    "_",
    "a%",
    "a_",
    "ab",
    "a'b",
    'a"b',
    "a\\b",
    "a\nb",
    "; DROP TABLE runs; --",
    "日本語",
    "🚀",
    "",
)
"""Strings that a careless comparison takes for one another, or for a part of a query."""


class RunFilterTests(ConformanceSuite[RunStorage]):
    """What each field of a filter selects."""

    def test_run_ids_select_any_of_them(self, storage: RunStorage) -> None:
        """`run_ids` selects the runs that exist, each once, in the usual order.

        Look at repeated ids, and at the order of the result.
        """
        add_three(storage)
        assert storage.get_run_ids(RunsFilter(run_ids=["a", "x", "c", "a"])) == ["c", "a"]

    def test_many_run_ids_can_be_asked_for(self, storage: RunStorage) -> None:
        """`run_ids` may hold more ids than a statement may have parameters (2,000).

        Look at the number of parameters of one statement.
        """
        add_three(storage)
        wanted = [f"{index}" for index in range(2_000)]
        assert storage.get_run_ids(RunsFilter(run_ids=["a", *wanted, "c"])) == ["c", "a"]

    def test_a_job_name_selects_exactly(self, storage: RunStorage) -> None:
        """`job_name` compares whole strings by code point: case, accents, blanks, `%`, `_` and quotes count.

        Look at the collation of the column, and at LIKE where = is meant.
        """
        add_in_order(
            storage, *(make_run(f"{index}", job_name=name) for index, name in enumerate(AWKWARD_STRINGS))
        )
        found = {name: storage.get_run_ids(RunsFilter(job_name=name)) for name in AWKWARD_STRINGS}
        assert found == {name: [f"{index}"] for index, name in enumerate(AWKWARD_STRINGS)}

    def test_run_ids_compare_exactly(self, storage: RunStorage) -> None:
        """Run ids that differ only in case are two runs.

        Look at the collation of the column of ids.
        """
        add_in_order(storage, make_run("run"), make_run("RUN"))
        assert storage.get_run_ids(RunsFilter(run_ids=["RUN"])) == ["RUN"]

    @pytest.mark.parametrize("status", RunStatus)
    def test_statuses_select_any_of_them(self, storage: RunStorage, status: RunStatus) -> None:
        """`statuses` selects the runs with one of them, and all when empty.

        Look at what an empty list becomes: no condition.
        """
        add_in_order(storage, *(make_run(each.value, status=each) for each in RunStatus))
        assert storage.get_run_ids(RunsFilter(statuses=[status])) == [status.value]
        assert storage.get_runs_count(RunsFilter(statuses=[status, RunStatus.MANAGED])) == len(
            {status, RunStatus.MANAGED}
        )
        assert storage.get_runs_count(RunsFilter(statuses=[])) == len(RunStatus)

    def test_tags_must_all_match(self, storage: RunStorage) -> None:
        """Every key of `tags` must match on the same run: they are joined by AND.

        Look at the join: one for each tag, or a group with a count of distinct keys.
        """
        add_in_order(
            storage,
            make_run("a", tags={"x": "1", "y": "1"}),
            make_run("b", tags={"x": "1"}),
            make_run("c", tags={"y": "1"}),
        )
        assert storage.get_run_ids(RunsFilter(tags={"x": "1", "y": "1"})) == ["a"]
        assert storage.get_run_ids(RunsFilter(tags={"x": "1"})) == ["b", "a"]
        assert storage.get_run_ids(RunsFilter(tags={})) == ["c", "b", "a"]

    def test_a_list_of_tag_values_means_any(self, storage: RunStorage) -> None:
        """A list of values means any of them, an empty list nothing.

        Look at what an empty list of values becomes: nothing matches.
        """
        add_in_order(storage, *(make_run(value, tags={"x": value}) for value in ("1", "2", "3")))
        assert storage.get_run_ids(RunsFilter(tags={"x": ["1", "3"]})) == ["3", "1"]
        assert storage.get_run_ids(RunsFilter(tags={"x": []})) == []

    def test_a_tag_value_belongs_to_its_key(self, storage: RunStorage) -> None:
        """A value under another key does not match.

        Look at the condition: key and value of the same row.
        """
        add_in_order(storage, make_run("a", tags={"x": "1", "y": "2"}))
        assert storage.get_run_ids(RunsFilter(tags={"x": "2"})) == []

    def test_tags_compare_exactly(self, storage: RunStorage) -> None:
        """Tag keys and values compare by code point.

        Look at the collation of both columns of tags.
        """
        add_in_order(
            storage,
            *(make_run(f"{index}", tags={text: text}) for index, text in enumerate(AWKWARD_STRINGS)),
        )
        found = {text: storage.get_run_ids(RunsFilter(tags={text: text})) for text in AWKWARD_STRINGS}
        assert found == {text: [f"{index}"] for index, text in enumerate(AWKWARD_STRINGS)}

    @needs(Ability.KEEPS_NUL_IN_NAMES)
    def test_nul_does_not_end_a_name(self, storage: RunStorage) -> None:
        """Names that are equal up to a NUL differ.

        Look at the driver and the type of the column: some end text at NUL. If so, do not declare the ability.
        """
        add_in_order(
            storage,
            make_run("a", job_name="x\0y", tags={"k\0": "v\0"}),
            make_run("b", job_name="x\0z", tags={"k": "v"}),
        )
        assert storage.get_run_ids(RunsFilter(job_name="x\0y")) == ["a"]
        assert storage.get_run_ids(RunsFilter(tags={"k\0": "v\0"})) == ["a"]

    def test_a_snapshot_selects_its_runs(self, storage: RunStorage) -> None:
        """`snapshot_id` selects the runs of a job snapshot.

        Look at which id of the run is compared: that of the job's snapshot.
        """
        snapshot_id = storage.add_snapshot(make_job_snapshot())
        add_in_order(storage, make_run("a", job_snapshot_id=snapshot_id), make_run("b"))
        assert storage.get_run_ids(RunsFilter(snapshot_id=snapshot_id)) == ["a"]

    def test_subruns_can_be_hidden(self, storage: RunStorage) -> None:
        """`exclude_subruns` hides the runs that carry a backfill's tag.

        Look at the condition: no tag of this key, whatever its value.
        """
        add_in_order(storage, make_run("a"), make_run("b", tags={tag_names.BACKFILL: "1"}))
        assert storage.get_run_ids(RunsFilter(exclude_subruns=True)) == ["a"]
        assert storage.get_run_ids(RunsFilter(exclude_subruns=False)) == ["b", "a"]

    def test_creation_bounds_are_strict(self, storage: RunStorage) -> None:
        """`created_after` and `created_before` leave out a run made at that very moment.

        Look at < and <=, and at what the database rounds.
        """
        add_three(storage)
        assert storage.get_run_ids(RunsFilter(created_after=moment(1))) == ["c"]
        assert storage.get_run_ids(RunsFilter(created_before=moment(1))) == ["a"]
        between = RunsFilter(created_after=moment(0), created_before=moment(2))
        assert storage.get_run_ids(between) == ["b"]

    def test_update_bounds_are_strict(self, storage: RunStorage) -> None:
        """`updated_after` and `updated_before` look at the last update, not at the creation.

        Look at which column is compared, and whether events and tags renew it.
        """
        add_three(storage)
        start = make_event(EventType.RUN_START)
        storage.handle_run_event("a", start, update_timestamp=moment(100))
        assert storage.get_run_ids(RunsFilter(updated_after=moment(2))) == ["a"]
        assert storage.get_run_ids(RunsFilter(updated_before=moment(2))) == ["b"]
        assert storage.get_run_ids(RunsFilter(updated_after=moment(100))) == []

    def test_bounds_tell_microseconds_apart(self, storage: RunStorage) -> None:
        """Times are kept to the microsecond.

        Look at the precision of the column of times.
        """
        exact = moment() + timedelta(microseconds=123_456)
        storage.add_run(make_run("a"), create_time=exact)
        (record,) = storage.get_run_records()
        assert record.create_timestamp == exact
        just_before = RunsFilter(created_after=exact - timedelta(microseconds=1))
        assert storage.get_run_ids(just_before) == ["a"]

    @pytest.mark.parametrize("hours", [-11, 2, 14])
    def test_bounds_of_other_time_zones_are_converted(self, storage: RunStorage, hours: int) -> None:
        """A bound in another time zone means the same moment.

        Look at how bounds become what is stored: `astimezone(UTC)`, not `replace`.
        """
        add_three(storage)
        bound = moment(1).astimezone(timezone(timedelta(hours=hours)))
        assert storage.get_run_ids(RunsFilter(created_after=bound)) == ["c"]

    def test_a_naive_bound_is_utc(self, storage: RunStorage) -> None:
        """A bound without a time zone is taken as UTC.

        Look for the zone of this machine where a time has none.
        """
        add_three(storage)
        assert storage.get_run_ids(RunsFilter(created_before=moment(1).replace(tzinfo=None))) == ["a"]

    def test_creation_time_of_another_zone_is_converted(self, storage: RunStorage) -> None:
        """A run made at a moment of another time zone reads back as that moment in UTC.

        Look at writing and reading of times: UTC both ways.
        """
        local = datetime.fromtimestamp(NOW, timezone(timedelta(hours=5)))
        storage.add_run(make_run("a"), create_time=local)
        (record,) = storage.get_run_records()
        assert (record.create_timestamp, record.create_timestamp.utcoffset()) == (moment(), timedelta(0))
        assert (record.update_timestamp, record.update_timestamp.utcoffset()) == (moment(), timedelta(0))

    def test_filters_are_joined_by_and(self, storage: RunStorage) -> None:
        """A run is selected only when it satisfies every field that is given.

        Look at an OR, or at a field that is looked at only when another is missing.
        """
        wanted = make_run("a", job_name="x", status=RunStatus.STARTED, tags={"k": "v"})
        others: list[dict[str, Any]] = [{"job_name": "y"}, {"status": RunStatus.QUEUED}, {"tags": {"k": "w"}}]
        add_in_order(
            storage, wanted, *(replace(wanted, run_id=f"{i}", **other) for i, other in enumerate(others))
        )
        filters = RunsFilter(job_name="x", statuses=[RunStatus.STARTED], tags={"k": "v"})
        assert (storage.get_run_ids(filters), storage.get_runs_count(filters)) == (["a"], 1)
