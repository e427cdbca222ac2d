"""What a run storage keeps beside runs: snapshots, signs of life, bookmarks."""

from runrack.interfaces.run_storage import RunStorage
from runrack.records.snapshot import ExecutionPlanSnapshot, StepSnapshot, snapshot_id
from runrack.testing.builders import ERROR, NOW, make_heartbeat, make_job_snapshot
from runrack.testing.conformance.suite import ConformanceSuite, in_threads


class SnapshotTests(ConformanceSuite[RunStorage]):
    """What the `SnapshotStore` half does."""

    def test_a_snapshot_is_found_by_its_content(self, storage: RunStorage) -> None:
        """Snapshots of jobs and plans are stored under their content address and read back equal.

        Look at how the id is made: `runrack.records.snapshot` gives it, from the content alone.
        """
        job = make_job_snapshot("job", "a", "b")
        plan = ExecutionPlanSnapshot(
            snapshot_id(job), (StepSnapshot("a", "a"), StepSnapshot("b", "b", ("a",)))
        )
        for snapshot in (job, plan):
            assert storage.add_snapshot(snapshot) == snapshot_id(snapshot)
            assert storage.get_snapshot(snapshot_id(snapshot)) == snapshot

    def test_a_snapshot_is_added_once(self, storage: RunStorage) -> None:
        """Adding an equal snapshot again gives the same id, also from several threads at once.

        Look at the insert: one that ignores what exists, rather than a look before it.
        """
        ids = in_threads(lambda _number: storage.add_snapshot(make_job_snapshot("job", "a")))
        assert set(ids) == {snapshot_id(make_job_snapshot("job", "a"))}

    def test_a_missing_snapshot_is_none(self, storage: RunStorage) -> None:
        """An unknown id gives None and False.

        Look at what you return when no row is found.
        """
        assert (storage.get_snapshot("x"), storage.has_snapshot("x")) == (None, False)


class HeartbeatTests(ConformanceSuite[RunStorage]):
    """What the `HeartbeatStore` half does."""

    def test_there_is_one_heartbeat_a_type(self, storage: RunStorage) -> None:
        """Each kind of daemon has one heartbeat, read back equal.

        Look at the key of heartbeats: the type of the daemon alone.
        """
        first = make_heartbeat("QUEUE", NOW + 0.5, errors=[ERROR])
        second = make_heartbeat("SCHEDULER", daemon_id=None)
        storage.add_daemon_heartbeat(first)
        storage.add_daemon_heartbeat(second)
        assert dict(storage.get_daemon_heartbeats()) == {"QUEUE": first, "SCHEDULER": second}

    def test_the_last_heartbeat_wins(self, storage: RunStorage) -> None:
        """The heartbeat written last replaces the one before, even when its time is older.

        Look for a comparison of times: the one written last replaces the other.
        """
        older = make_heartbeat(timestamp=NOW - 100, daemon_id="second")
        storage.add_daemon_heartbeat(make_heartbeat())
        storage.add_daemon_heartbeat(older)
        assert dict(storage.get_daemon_heartbeats()) == {"QUEUE": older}

    def test_heartbeats_can_be_wiped(self, storage: RunStorage) -> None:
        """After a wipe there are none.

        Look at the table that the wipe empties.
        """
        storage.add_daemon_heartbeat(make_heartbeat())
        storage.wipe_daemon_heartbeats()
        assert dict(storage.get_daemon_heartbeats()) == {}

    def test_heartbeats_of_threads_do_not_collide(self, storage: RunStorage) -> None:
        """8 threads that send the first heartbeat of one kind at once all succeed.

        Look at the upsert: an update that finds nothing and then inserts fails in the second thread.
        """
        in_threads(lambda number: storage.add_daemon_heartbeat(make_heartbeat(daemon_id=f"{number}")))
        assert list(storage.get_daemon_heartbeats()) == ["QUEUE"]


class CursorValueTests(ConformanceSuite[RunStorage]):
    """What the `CursorStore` half does."""

    def test_only_known_bookmarks_are_returned(self, storage: RunStorage) -> None:
        """Keys that are not stored are left out; no keys give nothing.

        Look at keys that are not found, and at what an empty set becomes in SQL.
        """
        storage.set_cursor_values({"a": "1", "b": "2"})
        assert storage.get_cursor_values(["a", "x"]) == {"a": "1"}
        assert storage.get_cursor_values([]) == {}

    def test_old_and_new_bookmarks_go_together(self, storage: RunStorage) -> None:
        """One call replaces the keys that exist and adds the others. Check an upsert of several rows.

        Look at an upsert of several rows in which some exist.
        """
        storage.set_cursor_values({"a": "1", "b": "1"})
        storage.set_cursor_values({"b": "2", "c": "2"})
        assert storage.get_cursor_values(["a", "b", "c"]) == {"a": "1", "b": "2", "c": "2"}

    def test_setting_no_bookmarks_is_no_error(self, storage: RunStorage) -> None:
        """An empty mapping changes nothing.

        Look at the statement that an empty mapping makes.
        """
        storage.set_cursor_values({})
        assert storage.get_cursor_values(["a"]) == {}

    def test_bookmarks_are_exact(self, storage: RunStorage) -> None:
        """Keys compare by code point, and a value may be empty, long, or hold any character.

        Look at the collation of the key, and at the type of the value.
        """
        values = {"a": "", "A": "x" * 100_000, "a ": "🚀\n'\"", "á": "%"}
        storage.set_cursor_values(values)
        assert storage.get_cursor_values(list(values)) == values

    def test_bookmarks_of_threads_are_not_mixed(self, storage: RunStorage) -> None:
        """The values of one call are stored together: no mixture of two calls can be read.

        Look at the transaction: all rows of one call in it, locked in one order.
        """
        keys = ["a", "b", "c"]

        def write_and_read(number: int) -> set[int]:
            storage.set_cursor_values(dict.fromkeys(keys, f"{number}"))
            return {len(set(storage.get_cursor_values(keys).values())) for _ in range(10)}

        assert set().union(*in_threads(write_and_read)) == {1}
