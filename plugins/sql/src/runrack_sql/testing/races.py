"""Many processes, killed processes, a server that crashes, forked processes and threads over one database."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from itertools import islice

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_run
from runrack_sql.event_writer import EncodedEntry
from runrack_sql.schema import cursors, runs
from runrack_sql.storage import SqlStorage
from runrack_sql.testing.agreement import count_torn, list_event_ids
from runrack_sql.testing.in_database import SqlSuite
from runrack_sql.testing.on_server import OnServer
from runrack_sql.testing.writer import EVENTS_OF_A_RUN


class RaceTests(SqlSuite):
    """What holds for a database that many processes of one machine write."""

    def start_writer(self, place: str, *arguments: object) -> "subprocess.Popen[str]":
        """Start a process that stores runs; the arguments are those of the script `writer` after the place."""
        target = f"{self.storage_class.__module__}:{self.storage_class.__qualname__}"
        script = [sys.executable, "-m", "runrack_sql.testing.writer", target, place]
        return subprocess.Popen(  # noqa: S603 - our own script, in our own interpreter
            [*script, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def event_ids(self, place: str) -> list[str]:
        """Return the ids of all events."""
        return list_event_ids(lambda query: self.ask(place, query))

    def count_torn(self, place: str) -> int:
        """Return how much of a database does not agree with its log, or is damaged."""
        return count_torn(lambda query: self.ask(place, query))

    def test_processes_that_write_at_once_never_fail_and_lose_nothing(self) -> None:
        """Eight processes store 100 events each: no error, every acknowledged event once, nothing torn."""
        writers = [self.start_writer(self.place, name, 100 // EVENTS_OF_A_RUN) for name in range(8)]
        outputs = [writer.communicate() for writer in writers]
        acknowledged = [event_id for output, _ in outputs for event_id in output.split()]
        assert [errors for _, errors in outputs] == [""] * 8
        assert len(acknowledged) == 800
        assert sorted(self.event_ids(self.place)) == sorted(acknowledged)
        assert self.count_torn(self.place) == 0

    def test_what_was_acknowledged_survives_kill_9(self) -> None:
        """Writers are killed between and within their calls: nothing acknowledged is lost, doubled or torn."""
        acknowledged: set[str] = set()
        for round_number in range(2):
            writers = [self.start_writer(self.place, f"{round_number}-{name}") for name in range(4)]
            for number, writer in enumerate(writers):
                # Not communicate(): it passes over what the reader of lines has taken in already.
                with writer:
                    acknowledged.update(_lines(writer, 20 + 7 * number))
                    writer.kill()
                    acknowledged.update(_lines(writer))
                assert writer.returncode == -9
        stored = self.event_ids(self.place)
        assert len(set(stored)) == len(stored)
        assert acknowledged <= set(stored)
        assert self.count_torn(self.place) == 0

    def test_processes_that_start_at_once_on_an_empty_database_make_the_tables_once(
        self, untouched: str
    ) -> None:
        """Four processes meet a database without tables: one makes them, the others wait and go on."""
        writers = [self.start_writer(untouched, name, 1) for name in range(4)]
        assert [writer.communicate()[1] for writer in writers] == [""] * 4
        assert len(self.event_ids(untouched)) == 4 * EVENTS_OF_A_RUN

    def test_a_forked_child_opens_connections_of_its_own(self, storage: SqlStorage) -> None:
        """Parent and forked child use the same storage object; what each stores is there for the other."""
        storage.store_events([make_entry(EventType.STEP_START, "parent")])
        assert in_forked_child(lambda: storage.store_events([make_entry(EventType.STEP_START, "child")]))
        storage.store_events([make_entry(EventType.STEP_SUCCESS, "parent")])
        log = storage.event_log_storage
        assert [record.run_id for record in log.get_records_for_run("child").records] == ["child"]
        assert len(log.get_records_for_run("parent").records) == 2

    def test_a_fork_while_threads_write_harms_neither_side(self, storage: SqlStorage) -> None:
        """Children are forked while threads store events: all events of all sides are stored."""
        started = threading.Event()

        def write(name: str) -> None:
            for _ in range(50):
                storage.store_events([make_entry(EventType.STEP_START, name)])
                started.set()

        threads = [threading.Thread(target=write, args=(f"thread_{number}",)) for number in range(3)]
        for thread in threads:
            thread.start()
        started.wait()
        children = [in_forked_child(partial(write, f"child_{number}")) for number in range(3)]
        for thread in threads:
            thread.join()
        assert children == [True, True, True]
        assert len(storage.event_log_storage.get_logs_for_all_runs_by_log_id()) == 300

    def test_a_page_of_runs_is_read_from_one_state(self, storage: SqlStorage) -> None:
        """A read transaction does not see what was committed after it began."""
        storage.run_storage.add_run(make_run("run"))
        count = select(func.count()).select_from(runs)
        with storage.database.read() as conn:
            assert conn.execute(count).scalar() == 1
            storage.run_storage.add_run(make_run("later"))
            assert conn.execute(count).scalar() == 1

    def test_a_failed_transaction_leaves_nothing(self, storage: SqlStorage) -> None:
        """An exception inside a transaction undoes it; the next one works."""

        def fail_halfway() -> None:
            with storage.database.write() as conn:
                conn.execute(cursors.insert().values(key="key", value="value"))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_halfway()
        assert storage.run_storage.get_cursor_values(["key"]) == {}
        entry = make_entry(EventType.STEP_START, "run")
        assert storage.store_events([entry])[0].event_log_entry == entry


class ServerRaceTests(OnServer, RaceTests):
    """What holds for a database on a server, which may crash below those who write."""

    @pytest.mark.parametrize("crashes", [1, pytest.param(10, marks=pytest.mark.soak)])
    def test_writers_ride_through_crashes_of_the_server(self, crashes: int) -> None:
        """The server crashes and comes back below four writers: no error, nothing lost, doubled or torn."""
        with self.own_server() as server, server.database() as url:
            writers = [self.start_writer(url, name, 50 * crashes) for name in range(4)]
            acknowledged: list[str] = []
            for _ in range(crashes):
                acknowledged += _lines(writers[0], 100)
                server.crash()
                server.start()
            for writer in writers:
                with writer:
                    acknowledged += _lines(writer)
            # The driver may log a warning about a connection that it lost.
            assert [writer.returncode for writer in writers] == [0] * 4
            assert len(acknowledged) == 4 * 50 * crashes * EVENTS_OF_A_RUN
            assert sorted(self.event_ids(url)) == sorted(acknowledged)
            assert self.count_torn(url) == 0

    def test_a_creation_of_tables_that_is_killed_is_begun_again(self, untouched: str) -> None:
        """A process is killed when it has made some tables: the next one makes all of them."""
        killed = self.start_writer(untouched, "killed", 1)
        while len(self.ask(untouched, self.list_tables)) < 3:
            pass
        killed.kill()
        killed.communicate()
        assert self.start_writer(untouched, "next", 1).communicate()[1] == ""
        assert self.count_torn(untouched) == 0

    def test_ids_become_visible_in_their_order(self, storage: SqlStorage) -> None:
        """Of two writers that overlap, the second gets its id after the first has committed: a cursor misses nothing."""
        log = storage.event_log_storage
        first, second = make_entry("first"), make_entry("second")
        other = self.open_storage()
        overlapping = threading.Thread(target=lambda: other.store_events([second]))
        with storage.database.write() as conn:
            log.append(conn, [EncodedEntry(first)])
            overlapping.start()
            self.wait_until_somebody_waits()
            assert log.get_maximum_record_id() is None
        overlapping.join()
        other.dispose()
        assert list(log.get_logs_for_all_runs_by_log_id().items()) == [(1, first), (2, second)]

    def test_the_end_of_a_child_cuts_no_connection_of_its_parent(self, storage: SqlStorage) -> None:
        """A child that used the storage object of its parent ends, and the parent's connection is the same as before."""

        def own_connection() -> object:
            with storage.database.read() as conn:
                return conn.exec_driver_sql(self.own_connection).scalar()

        before = own_connection()
        assert in_forked_child(lambda: storage.store_events([make_entry(EventType.STEP_START, "child")]))
        assert own_connection() == before

    def test_a_process_keeps_to_two_connections(self, storage: SqlStorage) -> None:
        """Eight threads that write and read at once share two connections."""

        def work(number: int) -> None:
            for _ in range(20):
                storage.store_events([make_entry(EventType.STEP_START, f"run_{number}")])
                storage.event_log_storage.get_records_for_run(f"run_{number}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(storage.event_log_storage.get_logs_for_all_runs_by_log_id()) == 160
        assert len(self.ask(self.place, self.other_connections)) == 2

    def test_a_read_transaction_cannot_write(self, storage: SqlStorage) -> None:
        """The server refuses a change in a transaction that was begun to read."""
        with storage.database.read() as conn, pytest.raises(DBAPIError, match=r"(?i)read.only transaction"):
            conn.execute(cursors.insert().values(key="key", value="value"))


def in_forked_child(work: Callable[[], object]) -> bool:
    """Call `work` in a forked child and return whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child must end here, whatever it is
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return status == 0


def _lines(writer: "subprocess.Popen[str]", most: int | None = None) -> list[str]:
    """Return the next whole lines of a writer: all that come, or at most so many."""
    assert writer.stdout is not None
    return [line.strip() for line in islice(writer.stdout, most) if line.endswith("\n")]
