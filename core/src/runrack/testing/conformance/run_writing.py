"""How runs change: added once, moved along their state machine, tagged, removed."""

from datetime import UTC, datetime
from itertools import product

import pytest

from runrack.errors import (
    InvalidArgumentError,
    RunAlreadyExistsError,
    RunNotFoundError,
    SnapshotNotFoundError,
)
from runrack.interfaces.run_storage import RunStorage
from runrack.records import tags as tag_names
from runrack.records.event_data import RunFailureData
from runrack.records.event_type import STATUS_AFTER, EventType
from runrack.records.run import RunFailureReason, RunRecord
from runrack.records.run_status import FINISHED, TRANSITIONS, RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.testing.builders import (
    NOW,
    make_event,
    make_heartbeat,
    make_job_snapshot,
    make_materialization,
    make_run,
    moment,
)
from runrack.testing.conformance.suite import Ability, ConformanceSuite, needs


def record_of(storage: RunStorage, run_id: str) -> RunRecord:
    """Return the record of a run that is stored."""
    record = storage.get_run_record_by_id(run_id)
    assert record is not None
    return record


class RunWritingTests(ConformanceSuite[RunStorage]):
    """What changes runs."""

    def test_an_id_is_added_once(self, storage: RunStorage) -> None:
        """A second run with the same id raises RunAlreadyExistsError and changes nothing.

        Look at the unique key of the run's id, and at the driver's error, which is to be translated.
        """
        storage.add_run(make_run("a", job_name="first", tags={"x": "1"}))
        with pytest.raises(RunAlreadyExistsError):
            storage.add_run(make_run("a", job_name="second", tags={"x": "2", "y": "2"}))
        assert [run.job_name for run in storage.get_runs()] == ["first"]
        assert list(storage.get_run_tags()) == [("x", {"1"})]

    def test_a_run_needs_its_snapshot(self, storage: RunStorage) -> None:
        """A run that names an unknown job snapshot raises SnapshotNotFoundError and is not stored.

        Look at the check (or foreign key) inside the transaction that inserts.
        """
        with pytest.raises(SnapshotNotFoundError):
            storage.add_run(make_run("a", job_snapshot_id="unknown"))
        assert not storage.has_run("a")

    def test_an_unencodable_run_is_refused(self, storage: RunStorage) -> None:
        """A run whose configuration holds what cannot be stored raises, and nothing of it is stored.

        Look at the order: encode first, then insert the run and its tags in one transaction.
        """
        with pytest.raises((TypeError, ValueError)):
            storage.add_run(make_run("a", run_config={"a": object()}, tags={"x": "1"}))
        assert (storage.has_run("a"), list(storage.get_run_tags())) == (False, [])

    def test_a_new_run_was_made_now(self, storage: RunStorage) -> None:
        """A run without a creation time was created and updated now, and has neither started nor ended.

        Look at defaults of the columns of times, and at the time zone of now.
        """
        before = datetime.now(UTC)
        storage.add_run(make_run("a"))
        record = record_of(storage, "a")
        assert before <= record.create_timestamp == record.update_timestamp <= datetime.now(UTC)
        assert (record.start_time, record.end_time) == (None, None)

    def test_a_big_run_is_kept(self, storage: RunStorage) -> None:
        """A run with a configuration of 1 MB is read back equal.

        Look at limits of the column, or of a packet of the protocol.
        """
        run = make_run("a", run_config={"text": "ü" * 500_000})
        storage.add_run(run)
        assert storage.get_run_by_id("a") == run

    @pytest.mark.parametrize("before", RunStatus)
    def test_a_run_follows_its_state_machine(self, storage: RunStorage, before: RunStatus) -> None:
        """An event moves a run exactly where TRANSITIONS allows it; any other changes nothing and gives False.

        Look at the condition of the update: `TRANSITIONS` of `runrack.records.run_status` decides.
        """
        for event_type, after in STATUS_AFTER.items():
            run_id = f"{before}-{event_type}"
            storage.add_run(make_run(run_id, status=before), create_time=moment(0))
            moved = storage.handle_run_event(run_id, make_event(event_type), update_timestamp=moment(60))
            is_legal = after in TRANSITIONS[before]
            record = record_of(storage, run_id)
            assert (event_type, moved, record.run.status) == (
                event_type,
                is_legal,
                after if is_legal else before,
            )
            assert record.update_timestamp == moment(60 if is_legal else 0)

    @pytest.mark.parametrize("end", sorted(FINISHED))
    def test_terminal_is_terminal(self, storage: RunStorage, end: RunStatus) -> None:
        """A late event never opens a finished run again: its times and tags stay as they are.

        Look for columns that are written before the transition is judged.
        """
        storage.add_run(make_run("a", status=end), create_time=moment(0))
        before = record_of(storage, "a")
        failure = RunFailureData(RunFailureReason.RUN_EXCEPTION)
        for event in (make_event(EventType.RUN_START), make_event(EventType.RUN_FAILURE, failure)):
            assert storage.handle_run_event("a", event) is False
        assert record_of(storage, "a") == before

    def test_any_order_of_events_is_harmless(self, storage: RunStorage) -> None:
        """Whatever three events arrive in whatever order, the run ends where the state machine leads.

        Look at each event being judged by the status that is stored now.
        """
        for events in product(STATUS_AFTER, repeat=3):
            run_id, status = "-".join(events), RunStatus.STARTED
            storage.add_run(make_run(run_id, status=status))
            for event_type in events:
                storage.handle_run_event(run_id, make_event(event_type))
                after = STATUS_AFTER[event_type]
                status = after if after in TRANSITIONS[status] else status
            assert record_of(storage, run_id).run.status is status

    @pytest.mark.parametrize("event_type", sorted(set(EventType) - set(STATUS_AFTER)))
    def test_other_events_change_nothing(self, storage: RunStorage, event_type: EventType) -> None:
        """An event that implies no status gives False and leaves the run as it is.

        Look at the events that imply a status: `STATUS_AFTER` names them all.
        """
        storage.add_run(make_run("a", status=RunStatus.QUEUED))
        before = record_of(storage, "a")
        assert storage.handle_run_event("a", make_event(event_type)) is False
        assert record_of(storage, "a") == before

    def test_an_event_of_an_unknown_run_is_ignored(self, storage: RunStorage) -> None:
        """An event of an unknown run gives False and stores nothing.

        Look for an upsert: an event never makes a run.
        """
        assert storage.handle_run_event("x", make_event(EventType.RUN_START)) is False
        assert storage.get_runs_count() == 0

    def test_only_the_current_epoch_counts(self, storage: RunStorage) -> None:
        """An event of another epoch than the run's changes nothing; one of the current epoch, or of none, does.

        Look at the condition of the update: the epoch given is None or the stored one.
        """
        storage.add_run(make_run("a", status=RunStatus.STARTING))
        epoch = record_of(storage, "a").epoch
        for other in (epoch + 1, epoch - 1):
            assert storage.handle_run_event("a", make_event(EventType.RUN_START), epoch=other) is False
        assert record_of(storage, "a").run.status is RunStatus.STARTING
        assert storage.handle_run_event("a", make_event(EventType.RUN_START), epoch=epoch) is True
        assert storage.handle_run_event("a", make_event(EventType.RUN_SUCCESS)) is True

    def test_start_and_end_are_recorded(self, storage: RunStorage) -> None:
        """RUN_START sets the start time, the end the end time: seconds since 1970, the fraction included.

        Look at which event sets which time, and at a type of column that cuts fractions.
        """
        for end in (EventType.RUN_SUCCESS, EventType.RUN_FAILURE, EventType.RUN_CANCELED):
            storage.add_run(make_run(end.value))
            for event_type, seconds in ((EventType.RUN_START, 1.5), (end, 2.25)):
                event = make_event(event_type)
                storage.handle_run_event(end.value, event, update_timestamp=moment(seconds))
            record = record_of(storage, end.value)
            assert (record.start_time, record.end_time) == (NOW + 1.5, NOW + 2.25)

    def test_an_event_without_a_time_happens_now(self, storage: RunStorage) -> None:
        """Without `update_timestamp` the update time is now.

        Look at the default of `update_timestamp`: now, in UTC.
        """
        storage.add_run(make_run("a"), create_time=moment(0))
        before = datetime.now(UTC)
        storage.handle_run_event("a", make_event(EventType.RUN_START))
        assert before <= record_of(storage, "a").update_timestamp <= datetime.now(UTC)

    def test_the_reason_of_a_failure_becomes_a_tag(self, storage: RunStorage) -> None:
        """The reason of a RUN_FAILURE becomes a tag that can be filtered by, unless it is UNKNOWN or missing.

        Look at both places where tags lie: in the run that is read, and where filters look.
        """
        payloads = {
            "known": RunFailureData(RunFailureReason.START_TIMEOUT),
            "unknown": RunFailureData(),
            "none": None,
        }
        for run_id, data in payloads.items():
            storage.add_run(make_run(run_id, tags={"x": "1"}))
            storage.handle_run_event(run_id, make_event(EventType.RUN_FAILURE, data))
        assert record_of(storage, "known").run.tags == {"x": "1", tag_names.FAILURE_REASON: "START_TIMEOUT"}
        assert record_of(storage, "unknown").run.tags == record_of(storage, "none").run.tags == {"x": "1"}
        reason = RunsFilter(tags={tag_names.FAILURE_REASON: "START_TIMEOUT"})
        assert storage.get_run_ids(reason) == ["known"]

    def test_a_status_can_be_filtered_by_at_once(self, storage: RunStorage) -> None:
        """After an event the run is found under its new status only.

        Look for a status that lies in a column and in the encoded run.
        """
        storage.add_run(make_run("a"))
        storage.handle_run_event("a", make_event(EventType.RUN_START))
        assert storage.get_run_ids(RunsFilter(statuses=[RunStatus.STARTED])) == ["a"]
        assert storage.get_run_ids(RunsFilter(statuses=[RunStatus.NOT_STARTED])) == []

    def test_tags_are_set_beside_the_others(self, storage: RunStorage) -> None:
        """`add_run_tags` sets and replaces the tags given, keeps the others, and renews the update time.

        Look at whether all tags are replaced, and at the update time.
        """
        storage.add_run(make_run("a", tags={"x": "1", "y": "1"}), create_time=moment(0))
        before = datetime.now(UTC)
        storage.add_run_tags("a", {"y": "2", "z": "3"})
        record = record_of(storage, "a")
        assert record.run.tags == {"x": "1", "y": "2", "z": "3"}
        assert record.update_timestamp >= before
        assert record.create_timestamp == moment(0)
        assert storage.get_run_ids(RunsFilter(tags={"y": "1"})) == []
        assert storage.get_run_ids(RunsFilter(tags={"y": "2", "z": "3"})) == ["a"]

    def test_tags_of_an_unknown_run_are_refused(self, storage: RunStorage) -> None:
        """`add_run_tags` of an unknown run raises RunNotFoundError, also without tags.

        Look at the look-up of the run: it comes first, also for an empty mapping.
        """
        for new_tags in ({"x": "1"}, {}):
            with pytest.raises(RunNotFoundError):
                storage.add_run_tags("x", new_tags)
        assert list(storage.get_run_tag_keys()) == []

    @pytest.mark.parametrize("new_tags", [{"x": 1}, {1: "x"}, {"x": None}])
    def test_tags_are_strings(self, storage: RunStorage, new_tags: dict[str, str]) -> None:
        """A tag key or value that is no string raises InvalidArgumentError and nothing is set.

        Look at the check of all keys and values before the first is written.
        """
        storage.add_run(make_run("a"))
        with pytest.raises(InvalidArgumentError):
            storage.add_run_tags("a", {"y": "1", **new_tags})
        assert record_of(storage, "a").run.tags == {}

    def test_tags_are_listed_by_key(self, storage: RunStorage) -> None:
        """`get_run_tags` gives each key once, ordered by code point, with the values that runs carry now.

        Look at DISTINCT, at the collation of the order, and at values that runs no longer carry.
        """
        storage.add_run(make_run("a", tags={"b": "1", "B": "1", "a": "2"}))
        storage.add_run(make_run("c", tags={"b": "3"}))
        storage.add_run_tags("c", {"b": "4"})
        assert list(storage.get_run_tags()) == [("B", {"1"}), ("a", {"2"}), ("b", {"1", "4"})]
        assert list(storage.get_run_tag_keys()) == ["B", "a", "b"]

    def test_only_the_tags_asked_for_are_listed(self, storage: RunStorage) -> None:
        """`tag_keys` restricts the keys: an unknown one is left out, none at all give nothing.

        Look at what an empty list becomes: nothing, while None means all.
        """
        storage.add_run(make_run("a", tags={"x": "1", "y": "2"}))
        assert list(storage.get_run_tags(["y", "unknown"])) == [("y", {"2"})]
        assert list(storage.get_run_tags([])) == []

    def test_a_value_prefix_is_no_pattern(self, storage: RunStorage) -> None:
        """`value_prefix` is compared by code point; `%` and `_` mean themselves.

        Look at LIKE: escape wildcards, or compare a range; case counts.
        """
        for index, value in enumerate(("a%b", "axb", "a_b", "A%b", "a\\b")):
            storage.add_run(make_run(f"{index}", tags={"x": value}))
        found = {
            prefix: list(storage.get_run_tags(["x"], prefix)) for prefix in ("a%", "a_", "A", "a\\", "z")
        }
        assert found == {
            "a%": [("x", {"a%b"})],
            "a_": [("x", {"a_b"})],
            "A": [("x", {"A%b"})],
            "a\\": [("x", {"a\\b"})],
            "z": [],
        }

    @pytest.mark.parametrize(
        ("limit", "expected"),
        [
            (0, []),
            (1, [("x", {"1"})]),
            (3, [("x", {"1", "2"}), ("y", {"3"})]),
            (9, [("x", {"1", "2"}), ("y", {"3"})]),
        ],
    )
    def test_a_limit_counts_pairs(
        self, storage: RunStorage, limit: int, expected: list[tuple[str, set[str]]]
    ) -> None:
        """The limit of `get_run_tags` counts distinct pairs in the order of key, then value; 0 gives nothing.

        Look at LIMIT after DISTINCT and ORDER BY, and at 0.
        """
        for run_id in ("a", "b"):
            storage.add_run(make_run(run_id, tags={"y": "3", "x": "2"}))
        storage.add_run(make_run("c", tags={"x": "1"}))
        assert list(storage.get_run_tags(limit=limit)) == expected

    def test_values_of_any_length_are_listed(self, storage: RunStorage) -> None:
        """Values that differ only after hundreds of characters are told apart, ordered, and found by a long prefix.

        Look at a column or index that cuts long values: compare the whole value as well.
        """
        stem = "v" * 300
        values = [stem, f"{stem}a", f"{stem}b", "v" * 199, "v" * 200, "w"]
        for value in values:
            for copy in range(2):
                storage.add_run(make_run(f"{copy}-{value[-1]}-{len(value)}", tags={"x": value}))
        assert list(storage.get_run_tags(["x"])) == [("x", set(values))]
        assert list(storage.get_run_tags(["x"], limit=4)) == [("x", {"v" * 199, "v" * 200, stem, f"{stem}a"})]
        assert list(storage.get_run_tags(["x"], f"{stem}b")) == [("x", {f"{stem}b"})]
        assert list(storage.get_run_tags(["x"], "v" * 200)) == [
            ("x", {"v" * 200, stem, f"{stem}a", f"{stem}b"})
        ]
        assert storage.get_runs_count(RunsFilter(tags={"x": f"{stem}a"})) == 2

    def test_values_that_many_runs_carry_are_listed_once(self, storage: RunStorage) -> None:
        """A value that hundreds of runs carry is listed once, and hides none that come after it.

        Look for a limit on rows before repeats are dropped.
        """
        for number in range(600):
            storage.add_run(make_run(f"{number}", tags={"x": "common" if number else "rare"}))
        storage.add_run(make_run("last", tags={"x": "uncommon"}))
        assert list(storage.get_run_tags(["x"])) == [("x", {"common", "rare", "uncommon"})]

    def test_a_deleted_run_is_gone(self, storage: RunStorage) -> None:
        """`delete_run` removes the run, its tags and nothing else; the id can be used again.

        Look at every table that holds something of a run.
        """
        storage.add_run(make_run("a", tags={"x": "1", "y": "1"}))
        storage.add_run(make_run("b", tags={"x": "2"}))
        storage.delete_run("a")
        assert (storage.get_run_ids(), list(storage.get_run_tags())) == (["b"], [("x", {"2"})])
        storage.add_run(make_run("a"))
        assert storage.get_run_ids() == ["a", "b"]
        assert record_of(storage, "a").run.tags == {}

    def test_deleting_nothing_is_no_error(self, storage: RunStorage) -> None:
        """`delete_run` of an unknown run changes nothing.

        Look for an error when no row was deleted.
        """
        storage.add_run(make_run("a"))
        storage.delete_run("x")
        assert storage.get_run_ids() == ["a"]

    def test_a_group_outlives_a_member(self, storage: RunStorage) -> None:
        """The other runs of a group stay when one is deleted; without its root a group is not found.

        Look for a cascade from root or parent to the other runs.
        """
        storage.add_run(make_run("root"))
        for run_id in ("a", "b"):
            fields = {"root_run_id": "root", "parent_run_id": "root"}
            storage.add_run(make_run(run_id, tags={tag_names.ROOT_RUN_ID: "root"}, **fields))
        storage.delete_run("a")
        assert [run.run_id for run in storage.get_run_group("b")[1]] == ["root", "b"]
        storage.delete_run("root")
        for run_id in ("b", "unknown"):
            with pytest.raises(RunNotFoundError):
                storage.get_run_group(run_id)

    def test_storage_ids_are_not_given_twice(self, storage: RunStorage) -> None:
        """A run that is added after the newest was deleted gets a new storage id.

        Look at ids that the database gives twice after the newest row is deleted.
        """
        storage.add_run(make_run("a"))
        before = record_of(storage, "a").storage_id
        storage.delete_run("a")
        storage.add_run(make_run("b"))
        assert record_of(storage, "b").storage_id > before

    def test_a_wipe_keeps_bookmarks_only(self, storage: RunStorage) -> None:
        """`wipe` removes runs, tags, snapshots and heartbeats; bookmarks stay.

        Look at the list of tables in `wipe`.
        """
        snapshot_id = storage.add_snapshot(make_job_snapshot())
        storage.add_run(make_run("a", tags={"x": "1"}, job_snapshot_id=snapshot_id))
        storage.add_daemon_heartbeat(make_heartbeat())
        storage.set_cursor_values({"key": "value"})
        storage.wipe()
        assert (storage.get_runs_count(), list(storage.get_run_tags())) == (0, [])
        assert (storage.has_snapshot(snapshot_id), dict(storage.get_daemon_heartbeats())) == (False, {})
        assert storage.get_cursor_values(["key"]) == {"key": "value"}

    @needs(Ability.SURVIVES_REOPEN)
    def test_runs_survive(self, storage: RunStorage) -> None:
        """Runs, their tags, times, snapshots and bookmarks are there after the storage was opened again.

        Look at what is kept in memory only, and at a commit that is missing.
        """
        snapshot_id = storage.add_snapshot(make_job_snapshot())
        storage.add_run(make_run("a", tags={"x": "1"}, job_snapshot_id=snapshot_id))
        storage.handle_run_event("a", make_event(EventType.RUN_START), update_timestamp=moment(1))
        storage.set_cursor_values({"key": "value"})
        before = record_of(storage, "a")
        open_again = self.opener(storage)
        storage.dispose()
        again = open_again()
        assert record_of(again, "a") == before
        assert list(again.get_run_tags()) == [("x", {"1"})]
        assert again.get_snapshot(snapshot_id) == make_job_snapshot()
        assert again.get_cursor_values(["key"]) == {"key": "value"}
        again.dispose()

    def test_disposing_twice_is_harmless(self, storage: RunStorage) -> None:
        """`dispose` can be repeated.

        Look at what `dispose` closes: closing again must do nothing.
        """
        storage.dispose()
        storage.dispose()

    def test_an_asset_event_is_no_run_event(self, storage: RunStorage) -> None:
        """A materialization leaves its run as it is.

        Look at the events that imply a status: `STATUS_AFTER` names them all.
        """
        storage.add_run(make_run("a"))
        event = make_materialization(run_id="a").get_event()
        assert storage.handle_run_event("a", event) is False
