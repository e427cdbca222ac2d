"""Many processes, killed processes, forked processes and threads over one file."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_run
from runrack_sqlite import SqliteStorage

HERE = Path(__file__).parent


@pytest.fixture
def storage(tmp_path):
    storage = SqliteStorage(tmp_path / "home")
    yield storage
    storage.dispose()


def run_harness(name, *arguments):
    script = HERE / name
    done = subprocess.run(
        [sys.executable, script, *map(str, arguments)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def in_forked_child(work):
    """Call `work` in a forked child and return whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return status == 0


def test_processes_that_write_at_once_never_fail_and_lose_nothing():
    """Eight processes store 200 events each: no error, every event once."""
    found = run_harness("writers_harness.py", 8, 200)
    assert (found["stored"], found["distinct"], found["errors"]) == (1600, 1600, [])


def test_what_was_acknowledged_survives_kill_9():
    """Writers are killed at random moments: nothing acknowledged is lost; status, log, assets and slots agree."""
    found = run_harness("kill9_harness.py", 12)
    assert found["acknowledged"] > 0
    assert [found[what] for what in ("kills", "lost", "torn", "damaged", "failed_writers")] == [
        12,
        0,
        0,
        0,
        0,
    ]


def test_a_forked_child_opens_connections_of_its_own(storage):
    """Parent and forked child use the same storage object; what each stores is there for the other."""
    storage.store_events([make_entry(EventType.STEP_START, "parent")])
    assert in_forked_child(lambda: storage.store_events([make_entry(EventType.STEP_START, "child")]))
    storage.store_events([make_entry(EventType.STEP_SUCCESS, "parent")])
    assert [record.run_id for record in storage.event_log_storage.get_records_for_run("child").records] == [
        "child"
    ]
    assert len(storage.event_log_storage.get_records_for_run("parent").records) == 2


def test_a_parent_that_closes_leaves_the_childs_log_in_place(storage):
    """The parent closes its last connection while a child is writing: nothing that the child stores is lost."""
    storage.run_storage.add_run(make_run("run"))
    told, ready = os.pipe()
    go_on, closed = os.pipe()

    def work():
        storage.store_events([make_entry(EventType.STEP_START, "run")])
        os.write(ready, b".")
        os.read(go_on, 1)
        storage.store_events([make_entry(EventType.STEP_SUCCESS, "run")])

    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    os.read(told, 1)
    storage.run_storage.get_run_by_id("run")
    storage.dispose()
    os.write(closed, b".")
    os.waitpid(child, 0)
    for descriptor in (told, ready, go_on, closed):
        os.close(descriptor)
    assert len(storage.event_log_storage.get_records_for_run("run").records) == 2


def test_a_fork_while_threads_write_harms_neither_side(storage):
    """Children are forked while threads store events: all events of all sides are stored."""
    started = threading.Event()

    def write(name):
        for _ in range(100):
            storage.store_events([make_entry(EventType.STEP_START, name)])
            started.set()

    threads = [threading.Thread(target=write, args=(f"thread_{number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    started.wait()
    children = [in_forked_child(lambda number=number: write(f"child_{number}")) for number in range(3)]
    for thread in threads:
        thread.join()
    assert children == [True, True, True]
    assert len(storage.event_log_storage.get_logs_for_all_runs_by_log_id()) == 600


def test_a_reader_does_not_wait_for_a_writer(storage):
    """While a transaction writes, another thread reads the state before it, and a reader delays no writer."""
    storage.run_storage.add_run(make_run("run"))
    with storage.database.write() as conn:
        storage.event_log_storage.remove_run(conn, "run")
        seen = []
        reader = threading.Thread(target=lambda: seen.append(storage.run_storage.has_run("run")))
        reader.start()
        reader.join()
    assert seen == [True]
    with storage.database.read():
        writer = threading.Thread(target=lambda: storage.run_storage.delete_run("run"))
        writer.start()
        writer.join()
    assert not storage.run_storage.has_run("run")


def test_a_page_of_runs_is_read_from_one_state(storage):
    """A read transaction does not see what was committed after it began."""
    storage.run_storage.add_run(make_run("run"))
    with storage.database.read() as conn:
        count = "SELECT count(*) FROM runs"
        before = conn.exec_driver_sql(count).scalar()
        storage.run_storage.add_run(make_run("later"))
        assert conn.exec_driver_sql(count).scalar() == before


def fail_halfway(database):
    with database.write() as conn:
        conn.exec_driver_sql("INSERT INTO cursors VALUES ('key', 'value')")
        raise ZeroDivisionError


def test_a_failed_transaction_leaves_nothing(storage):
    """An exception inside a transaction undoes it; the next one works."""
    with pytest.raises(ZeroDivisionError):
        fail_halfway(storage.database)
    assert storage.run_storage.get_cursor_values(["key"]) == {}
    entry = make_entry(EventType.STEP_START, "run")
    assert storage.store_events([entry])[0].event_log_entry == entry
