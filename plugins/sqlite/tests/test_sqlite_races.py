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
from runrack_sql.testing.races import RaceTests
from runrack_sqlite import SqliteStorage
from runrack_sqlite.conformance import InSqliteFile

KILL9 = Path(__file__).with_name("kill9_harness.py")


@pytest.fixture
def storage(tmp_path):
    storage = SqliteStorage(tmp_path / "home")
    yield storage
    storage.dispose()


class TestRaces(InSqliteFile, RaceTests):
    """`SqliteStorage`."""

    def count_torn(self, place):
        damages = [damage for (damage,) in self.ask(place, "PRAGMA integrity_check") if damage != "ok"]
        return len(damages) + super().count_torn(place)


@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.soak)])
def test_what_was_acknowledged_survives_kill_9_at_random_moments(kills):
    """Writers are killed at random moments: nothing acknowledged is lost; status, log, assets and slots agree."""
    done = subprocess.run([sys.executable, KILL9, str(kills)], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert found["acknowledged"] > 0
    names = ("lost", "torn", "damaged", "failed_writers")
    assert {name: found[name] for name in names} == dict.fromkeys(names, 0)
    assert found["kills"] == kills


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
