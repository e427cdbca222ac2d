"""A file for each run, and an index: what that adds to the interface, and what it must not break."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runrack.errors import RunrackError, StorageCorruptError
from runrack.interfaces.event_log import EventQuery
from runrack.interfaces.storage_check import Finding, Severity
from runrack.records.asset_key import AssetKey
from runrack.records.cursor import RunShardedEventsCursor
from runrack.records.event_filter import EventRecordsFilter
from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_materialization
from runrack_sqlite import SqliteEventLogStorage

WRITER = Path(__file__).parent / "sharded_writer.py"


@pytest.fixture
def storage(tmp_path):
    storage = SqliteEventLogStorage(tmp_path)
    yield storage
    storage.dispose()


def start_writer(folder, run_id, events):
    return subprocess.Popen(
        [sys.executable, WRITER, folder, run_id, str(events)], stdout=subprocess.PIPE, text=True
    )


def shards(folder):
    return sorted(path.name for path in (folder / "runs").glob("*.db"))


def ids(records):
    return [record.storage_id for record in records]


def bodies_of(path):
    with closing(sqlite3.connect(path)) as shard:
        return dict(shard.execute("SELECT id, body FROM events"))


def index_rows(folder):
    with closing(sqlite3.connect(folder / "index.db")) as index:
        return index.execute("SELECT id, run_id, event_id FROM events").fetchall()


def test_each_run_has_a_file_whose_name_is_safe(storage, tmp_path):
    """A run id that is a path stays a name; events without a run have a file too; only the owner can read them."""
    for run_id in ("run", "../../out", ""):
        storage.store_event(make_entry("a line", run_id))
    assert shards(tmp_path) == ["run.1.db", "~.3.db", "~2e~2e~2f~2e~2e~2fout.2.db"]
    assert stat.S_IMODE((tmp_path / "runs" / "run.1.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "runs").stat().st_mode) == 0o700


def test_reading_or_deleting_an_unknown_run_makes_no_file(storage, tmp_path):
    """Nothing is known of the run, and nothing is left behind by asking."""
    assert storage.get_logs_for_run("unknown") == []
    assert storage.get_stats_for_run("unknown").steps_failed == 0
    storage.delete_events("unknown")
    assert not (tmp_path / "runs").exists()


def test_ids_grow_over_all_runs(storage):
    """A reader of all runs that continues after an id misses nothing."""
    stored = [
        storage.store_event(make_entry(EventType.STEP_START, run_id)) for run_id in ("b", "a", "b", "c")
    ]
    assert ids(stored) == sorted(ids(stored))
    after = EventRecordsFilter(EventType.STEP_START, after_cursor=stored[1].storage_id)
    assert storage.get_event_records(after, ascending=True) == stored[2:]
    before = EventRecordsFilter(EventType.STEP_START, before_cursor=stored[2].storage_id)
    assert storage.get_event_records(before) == [stored[1], stored[0]]


def test_a_sharded_cursor_selects_runs(storage):
    """The runs whose status changed after the time are read, all of them, in the order of storage; the id says nothing."""
    for run_id, started in (("old", 100.0), ("new", 200.0), ("newer", 300.0)):
        storage.store_event(make_entry(EventType.RUN_START, run_id, started))
    steps = [storage.store_event(make_entry(EventType.STEP_START, run)) for run in ("newer", "old", "new")]
    cursor = RunShardedEventsCursor(10**9, datetime.fromtimestamp(100.0, UTC))
    chosen = EventRecordsFilter(EventType.STEP_START, after_cursor=cursor)
    assert storage.get_event_records(chosen) == [steps[2], steps[0]]
    assert storage.get_event_records(chosen, limit=1, ascending=True) == [steps[0]]


def test_the_index_holds_what_is_asked_for_over_all_runs(storage, tmp_path):
    """Asset events and run status events are read without the files of the runs; the rest is not."""
    storage.store_events([make_materialization("asset"), make_entry(EventType.RUN_START, "run")])
    storage.store_event(make_entry("a line", "run"))
    for path in (tmp_path / "runs").glob("*.db"):
        path.unlink()
    assert len(storage.fetch_run_status_changes(EventType.RUN_START, 10).records) == 1
    assert len(storage.fetch_materializations(AssetKey("asset"), 10).records) == 1


def test_deleting_a_run_removes_its_file_only(storage, tmp_path):
    """The file of the run is gone, that of another stays, and a new one is made when the run stores again."""
    for run_id in ("kept", "gone"):
        storage.store_event(make_entry("a line", run_id))
    storage.delete_events("gone")
    assert shards(tmp_path) == ["kept.1.db"]
    assert not list((tmp_path / "runs").glob("gone*"))
    again = storage.store_event(make_entry("another line", "gone"))
    assert storage.get_records_for_run("gone").records == [again]


def test_wiping_removes_all_files(storage, tmp_path):
    """No run's file stays."""
    for run_id in ("one", "two", ""):
        storage.store_event(make_entry("a line", run_id))
    storage.wipe()
    assert list((tmp_path / "runs").iterdir()) == []
    assert storage.query_events(EventQuery()) == []


def test_a_damaged_file_is_named(storage, tmp_path):
    """The error names the file of the run; other runs are read as before."""
    for run_id in ("damaged", "whole"):
        storage.store_event(make_entry("a line", run_id))
    storage.dispose()
    path = tmp_path / "runs" / "damaged.1.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageCorruptError, match=r"damaged\.1\.db"):
        storage.get_logs_for_run("damaged")
    assert len(storage.get_logs_for_run("whole")) == 1


def test_a_check_looks_at_every_file(storage, tmp_path):
    """A check says that the files of all runs are whole, or names those that are damaged."""

    def check():
        return {finding.subject: finding for finding in storage.check()}["files of runs"]

    assert "files of runs" not in [finding.subject for finding in storage.check()]
    for run_id in ("damaged", "torn", "whole"):
        storage.store_events([make_entry("a line", run_id) for _ in range(200)])
    assert check() == Finding("files of runs", Severity.OK, "all 3 are whole")
    storage.dispose()
    (tmp_path / "runs" / "damaged.1.db").write_bytes(b"no database" * 1000)
    torn = tmp_path / "runs" / "torn.2.db"
    torn.write_bytes(torn.read_bytes()[:-4096])
    found = check()
    assert (found.severity, "whole" in found.message) == (Severity.PROBLEM, False)
    assert "2 of 3" in found.message
    assert "damaged.1.db, torn.2.db" in found.message


def test_a_call_changes_one_file(storage, tmp_path):
    """Of several runs, or with one event about an asset or a status, the index has all entries; else the run's file has."""
    storage.store_event(make_entry("a line", "run"))
    storage.store_events(
        [make_entry("two", "run"), make_materialization(run_id="run"), make_entry("three", "run")]
    )
    storage.store_events([make_entry("four", "run"), make_entry("five", "other")])
    assert len(index_rows(tmp_path)) == 5
    assert list(bodies_of(tmp_path / "runs" / "run.1.db")) == [1]
    assert ids(storage.get_records_for_run("run").records) == [1, 2, 3, 4, 5]
    assert ids(storage.query_events(EventQuery(ascending=False, limit=3, offset=1))) == [5, 4, 3]


def test_an_event_is_known_wherever_it_was_stored(storage):
    """An entry that the run's file has is not stored in the index as well, nor the other way round."""
    alone, together = make_entry("alone", "run"), make_entry("together", "run")
    first = storage.store_event(alone)
    again = storage.store_events([alone, together, make_materialization(run_id="run")])
    assert again[0] == first
    assert storage.store_event(together) == again[1]
    assert len(storage.query_events(EventQuery())) == 3


def test_a_file_that_is_locked_stops_only_its_run(storage, tmp_path):
    """While another program locks the file of one run, other runs and the index are written and read."""
    storage.store_event(make_entry("a line", "locked"))
    with closing(sqlite3.connect(tmp_path / "runs" / "locked.1.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = threading.Thread(target=storage.store_event, args=[make_entry("waits", "locked")])
        waiting.start()
        storage.store_event(make_entry("a line", "free"))
        storage.store_event(make_materialization(run_id="locked"))
        assert len(storage.query_events(EventQuery())) == 3
        other.execute("ROLLBACK")
        waiting.join()
    assert len(storage.get_logs_for_run("locked")) == 3


def test_a_writer_killed_before_its_commit_leaves_nothing(storage):
    """What it changed is undone, the next entry gets an id that it had not taken, and is stored once."""
    first = storage.store_event(make_entry("first", "run"))
    entry = make_entry("second", "run")
    told, ready = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with (
                storage._shards.use(1, "run") as shard,
                storage._ids.section_around(shard.write()) as conn,
            ):
                storage._ids.take(1)
                conn.exec_driver_sql("UPDATE events SET id = id + 1")
                os.write(ready, b".")
                signal.pause()
        finally:
            os._exit(1)
    os.close(ready)
    assert os.read(told, 1) == b"."
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(told)
    assert storage.get_records_for_run("run").records == [first]
    stored = storage.store_event(entry)
    assert storage.store_event(entry) == stored
    assert stored.storage_id > first.storage_id + 1
    assert storage.get_records_for_run("run").records == [first, stored]


def test_files_of_deleted_runs_are_removed_when_the_log_is_opened(storage, tmp_path):
    """A deleter that was killed before it removed the file leaves it to the next who opens the log."""
    for run_id in ("kept", "gone"):
        storage.store_event(make_entry("a line", run_id))
    with storage.database.write() as conn:
        storage._registry.drop(conn, "gone")
    again = SqliteEventLogStorage(tmp_path)
    assert len(again.query_events(EventQuery())) == 1
    assert shards(tmp_path) == ["kept.1.db"]
    storage.store_event(make_entry("again", "gone"))
    assert len(again.get_logs_for_run("gone")) == 1
    again.dispose()


def test_the_file_of_a_deleted_run_does_not_come_back(storage, tmp_path):
    """Who still knows the file of a run that another has deleted, and has it closed, stores to a new one."""
    storage.store_event(make_entry("a line", "run"))
    storage.dispose()
    other = SqliteEventLogStorage(tmp_path)
    other.delete_events("run")
    other.dispose()
    assert storage.get_logs_for_run("run") == []
    storage.store_event(make_entry("a line", "run"))
    assert shards(tmp_path) == ["run.2.db"]
    assert len(storage.get_logs_for_run("run")) == 1


def test_ids_go_on_when_their_file_is_lost(storage, tmp_path):
    """Without the file of the ids, as after a power failure, they go on after the highest that is in use."""
    stored = [storage.store_event(make_entry("a line", run_id)) for run_id in ("a", "b", "b")]
    storage.dispose()
    (tmp_path / "storage_ids").unlink()
    again = storage.store_event(make_entry("a line", "a"))
    assert again.storage_id == stored[-1].storage_id + 1
    assert ids(storage.query_events(EventQuery())) == [1, 2, 3, 4]


@pytest.mark.parametrize("runs", [1, 8], ids=["same-run", "own-runs"])
def test_processes_that_write_at_once_lose_nothing(storage, tmp_path, runs):
    """Eight processes store 50 events each: none fails, and every event is there once, in the order of its id."""
    writers = [start_writer(tmp_path, f"run_{number % runs}", 50) for number in range(8)]
    told = [line for writer in writers for line in writer.communicate()[0].split()]
    assert [writer.returncode for writer in writers] == [0] * 8
    records = storage.query_events(EventQuery())
    assert sorted(record.event_log_entry.event_id for record in records) == sorted(told)
    assert ids(records) == list(range(1, 401))
    assert len(shards(tmp_path)) == runs


def test_what_was_acknowledged_survives_kill_9(storage, tmp_path):
    """Writers are killed while they store: what they had told is there, and no id is there twice."""
    told = set()
    for round_number in range(4):
        writers = [start_writer(tmp_path, f"run_{number % 2}", 100_000) for number in range(3)]
        lines = [[writer.stdout.readline() for _ in range(3 + 7 * round_number)] for writer in writers]
        for writer in writers:
            writer.kill()
        # Not communicate(): it passes over what the reader of lines has taken in already.
        for writer in writers:
            with writer:
                lines.append(list(writer.stdout))
        told.update(line.strip() for read in lines for line in read if line.endswith("\n"))
    records = storage.query_events(EventQuery())
    assert told <= {record.event_log_entry.event_id for record in records}
    assert len(ids(records)) == len(set(ids(records)))


def test_many_runs_take_few_file_descriptors(tmp_path):
    """A process that may open 128 files writes 300 runs, and reads them all in one query."""
    script = (
        "import resource, sys\n"
        "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))\n"
        "from runrack.interfaces.event_log import EventQuery\n"
        "from runrack.testing.builders import make_entry\n"
        "from runrack_sqlite import SqliteEventLogStorage\n"
        "storage = SqliteEventLogStorage(sys.argv[1])\n"
        "for number in range(300):\n"
        "    storage.store_event(make_entry('a line', f'run_{number}'))\n"
        "print(len(storage.query_events(EventQuery())))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "300\n"


def test_a_reader_meets_no_half_deleted_run(storage):
    """A run is stored and deleted again and again: a reader sees all of it or nothing, never an error."""
    is_over = threading.Event()
    seen: list[int] = []
    errors: list[RunrackError] = []

    def read() -> None:
        while not is_over.is_set():
            try:
                seen.append(len(storage.get_logs_for_run("run")))
            except RunrackError as error:
                errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(100):
        storage.store_events([make_entry("a line", "run"), make_entry("a line", "run")])
        storage.delete_events("run")
    is_over.set()
    reader.join()
    assert (errors, set(seen) <= {0, 2}) == ([], True)
