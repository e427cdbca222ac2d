"""Many processes, killed processes, a server that crashes, forked processes and threads over one database."""

import os
import subprocess
import sys
import threading
from itertools import islice
from pathlib import Path

import psycopg
import pytest

from runrack.records.event_type import STATUS_AFTER, EventType
from runrack.testing.builders import make_entry, make_run
from runrack.testing.postgres import own_postgres_server
from runrack_postgres import PostgresStorage
from runrack_sql.event_writer import EncodedEntry

WRITER = Path(__file__).with_name("postgres_writer.py")
EVENTS_OF_A_RUN = 5

STATUS_OF_LAST_EVENT = f"""
    SELECT runs.status, (
        SELECT event_type FROM events
        WHERE events.run_id = runs.run_id AND NOT late
        AND event_type IN ({", ".join(repr(kind.value) for kind in STATUS_AFTER)})
        ORDER BY id DESC LIMIT 1)
    FROM runs
"""
TORN_ASSETS = """
    SELECT count(*) FROM assets WHERE last_materialization_id IS DISTINCT FROM (
        SELECT max(id) FROM events
        WHERE asset_digest = assets.digest AND event_type = 'ASSET_MATERIALIZATION')
"""
UNLISTED_ASSETS = """
    SELECT count(*) FROM events
    WHERE asset_digest IS NOT NULL AND asset_digest NOT IN (SELECT digest FROM assets)
"""
TORN_PARTITIONS = """
    SELECT count(*) FROM asset_partitions AS newest WHERE storage_id IS DISTINCT FROM (
        SELECT max(id) FROM events WHERE asset_digest = newest.asset_digest
        AND event_type = newest.event_type AND partition_digest = newest.partition_digest)
"""
SLOTS_OF_ENDED_RUNS = """
    SELECT count(*) FROM slot_claims JOIN runs ON runs.run_id = slot_claims.run_id
    WHERE runs.status IN ('SUCCESS', 'FAILURE', 'CANCELED')
"""


@pytest.fixture
def storage(url):
    storage = PostgresStorage(url)
    yield storage
    storage.dispose()


def start_writer(url, *arguments):
    command = [sys.executable, WRITER, url, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stored_event_ids(url):
    """The ids of all events, read without runrack."""
    with psycopg.connect(url) as conn:
        return [event_id for (event_id,) in conn.execute("SELECT event_id FROM events")]


def count_torn(url):
    """How many runs, assets, partitions and slots do not agree with the log, read without runrack."""
    with psycopg.connect(url) as conn:
        torn_runs = sum(
            status != (STATUS_AFTER[EventType(last)].value if last else "NOT_STARTED")
            for status, last in conn.execute(STATUS_OF_LAST_EVENT)
        )
        others = (TORN_ASSETS, UNLISTED_ASSETS, TORN_PARTITIONS, SLOTS_OF_ENDED_RUNS)
        return torn_runs + sum(conn.execute(query).fetchone()[0] for query in others)


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


def test_processes_that_write_at_once_never_fail_and_lose_nothing(url):
    """Eight processes store 200 events each: no error, every acknowledged event once, nothing torn."""
    writers = [start_writer(url, name, 200 // EVENTS_OF_A_RUN) for name in range(8)]
    outputs = [writer.communicate() for writer in writers]
    acknowledged = [event_id for output, _ in outputs for event_id in output.split()]
    assert [errors for _, errors in outputs] == [""] * 8
    assert len(acknowledged) == 1600
    assert sorted(stored_event_ids(url)) == sorted(acknowledged)
    assert count_torn(url) == 0


def test_what_was_acknowledged_survives_kill_9(url):
    """Writers are killed between and within their calls: nothing acknowledged is lost, doubled or torn."""
    acknowledged = set()
    for round_number in range(2):
        writers = [start_writer(url, f"{round_number}-{name}") for name in range(4)]
        for number, writer in enumerate(writers):
            # Not communicate(): it passes over what the reader of lines has taken in already.
            with writer:
                acknowledged.update(line.strip() for line in islice(writer.stdout, 20 + 7 * number))
                writer.kill()
                acknowledged.update(line.strip() for line in writer.stdout if line.endswith("\n"))
            assert writer.returncode == -9
    stored = stored_event_ids(url)
    assert len(set(stored)) == len(stored)
    assert acknowledged <= set(stored)
    assert count_torn(url) == 0


@pytest.mark.parametrize("crashes", [1, pytest.param(10, marks=pytest.mark.soak)])
def test_writers_ride_through_crashes_of_the_server(crashes):
    """The server crashes and comes back below four writers: no error, nothing lost, doubled or torn."""
    with own_postgres_server() as server, server.database() as url:
        writers = [start_writer(url, name, 50 * crashes) for name in range(4)]
        acknowledged = []
        for _ in range(crashes):
            acknowledged += [line.strip() for line in islice(writers[0].stdout, 100)]
            server.crash()
            server.start()
        for writer in writers:
            with writer:
                acknowledged += [line.strip() for line in writer.stdout]
        # The driver may log a warning about a connection that it lost.
        assert [writer.returncode for writer in writers] == [0] * 4
        assert len(acknowledged) == 4 * 50 * crashes * EVENTS_OF_A_RUN
        assert sorted(stored_event_ids(url)) == sorted(acknowledged)
        assert count_torn(url) == 0


def test_processes_that_start_at_once_on_an_empty_database_make_the_tables_once(postgres_server):
    """Four processes meet a database without tables: one makes them, the others wait and go on."""
    with postgres_server.database() as url:
        writers = [start_writer(url, name, 1) for name in range(4)]
        assert [writer.communicate()[1] for writer in writers] == [""] * 4
        assert len(stored_event_ids(url)) == 4 * EVENTS_OF_A_RUN


def test_ids_become_visible_in_their_order(storage, url):
    """Of two writers that overlap, the second gets its id after the first has committed: a cursor misses nothing."""
    log = storage.event_log_storage
    first, second = make_entry("first"), make_entry("second")
    other = PostgresStorage(url)
    overlapping = threading.Thread(target=lambda: other.store_events([second]))
    with storage.database.write() as conn:
        log.append(conn, [EncodedEntry(first)])
        overlapping.start()
        wait_until_somebody_waits(url)
        assert log.get_maximum_record_id() is None
    overlapping.join()
    other.dispose()
    assert list(log.get_logs_for_all_runs_by_log_id().items()) == [(1, first), (2, second)]


def wait_until_somebody_waits(url):
    """Return when a transaction waits for another one."""
    query = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """
    with psycopg.connect(url, autocommit=True) as conn:
        while conn.execute(query).fetchone() == (0,):
            pass


def test_a_tailing_reader_sees_every_event_once(storage, url):
    """A reader that goes on from its cursor while 4 processes write sees all events, each once, in their order."""
    writers = [start_writer(url, name, 30) for name in range(4)]
    seen, cursor = [], 0
    log = storage.event_log_storage
    while len(seen) < 4 * 30 * EVENTS_OF_A_RUN:
        new = log.get_logs_for_all_runs_by_log_id(after_cursor=cursor)
        seen += [(storage_id, entry.event_id) for storage_id, entry in new.items()]
        cursor = max([cursor, *new])
    outputs = [writer.communicate() for writer in writers]
    assert [errors for _, errors in outputs] == [""] * 4
    assert [storage_id for storage_id, _ in seen] == sorted({storage_id for storage_id, _ in seen})
    assert sorted(event_id for _, event_id in seen) == sorted(
        event_id for output, _ in outputs for event_id in output.split()
    )


def test_a_forked_child_opens_connections_of_its_own(storage):
    """Parent and forked child use the same storage object; the child's end cuts no connection of the parent."""
    storage.store_events([make_entry(EventType.STEP_START, "parent")])
    before = backend_of(storage)
    assert in_forked_child(lambda: storage.store_events([make_entry(EventType.STEP_START, "child")]))
    assert backend_of(storage) == before
    storage.store_events([make_entry(EventType.STEP_SUCCESS, "parent")])
    assert len(storage.event_log_storage.get_logs_for_all_runs_by_log_id()) == 3


def backend_of(storage):
    """The process of the server that serves the connection in use."""
    with storage.database.read() as conn:
        return conn.exec_driver_sql("SELECT pg_backend_pid()").scalar()


def test_a_fork_while_threads_write_harms_neither_side(storage):
    """Children are forked while threads store events: all events of all sides are stored."""
    started = threading.Event()

    def write(name):
        for _ in range(50):
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
    assert len(storage.event_log_storage.get_logs_for_all_runs_by_log_id()) == 300


def test_a_process_keeps_to_two_connections(storage, url):
    """Eight threads that write and read at once share two connections."""

    def work(number):
        for _ in range(20):
            storage.store_events([make_entry(EventType.STEP_START, f"run_{number}")])
            storage.event_log_storage.get_records_for_run(f"run_{number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(storage.event_log_storage.get_logs_for_all_runs_by_log_id()) == 160
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(url) as conn:
        assert conn.execute(query).fetchone() == (2,)


def test_a_page_of_runs_is_read_from_one_state(storage):
    """A read transaction does not see what was committed after it began, and cannot write."""
    storage.run_storage.add_run(make_run("run"))
    with storage.database.read() as conn:
        count = "SELECT count(*) FROM runs"
        before = conn.exec_driver_sql(count).scalar()
        storage.run_storage.add_run(make_run("later"))
        assert conn.exec_driver_sql(count).scalar() == before
        assert conn.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"
