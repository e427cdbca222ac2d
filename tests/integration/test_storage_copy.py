"""Moving all that a storage keeps to another database."""

import itertools
import os
import signal

import pytest

from runrack.errors import ConflictError, StorageVersionError
from runrack.instance import storage_copy
from runrack.instance.storage_copy import copy_storage
from runrack.records.event_type import EventType
from runrack.testing.builders import (
    make_entry,
    make_heartbeat,
    make_job_snapshot,
    make_materialization,
    make_observation,
    make_run,
    make_sensor_state,
    make_tick,
)

SERVERS = ["postgres", "mysql"]
RUNS = 30


def fill(storage):
    """Store some of everything, and delete what came last, so that ids have gaps."""
    runs, log, schedules = storage.run_storage, storage.event_log_storage, storage.schedule_storage
    runs.add_snapshot(make_job_snapshot("job"))
    runs.add_daemon_heartbeat(make_heartbeat())
    runs.set_cursor_values({"key": "välue"})
    log.set_concurrency_slots("database", 3)
    log.add_dynamic_partitions("colors", ["red", "blue"])
    schedules.add_instigator_state(make_sensor_state())
    schedules.create_tick(make_tick())
    for number in range(RUNS):
        run_id = f"run-{number}"
        runs.add_run(make_run(run_id, tags={"team": f"team-{number % 3}", "emoji": "🚀" * 100}))
        storage.store_events(
            [
                make_entry(EventType.RUN_START, run_id),
                make_materialization("asset", f"partition-{number % 4}", run_id),
                make_observation("seen", None, run_id),
                make_entry("a message " * number, run_id),
                make_entry(EventType.RUN_SUCCESS, run_id),
            ]
        )
    storage.delete_run(f"run-{RUNS - 1}")


def answers(storage):
    """What a user can ask."""
    runs, log, schedules = storage.run_storage, storage.event_log_storage, storage.schedule_storage
    return (
        runs.get_run_records(),
        runs.get_run_tags(),
        runs.get_daemon_heartbeats(),
        runs.get_cursor_values(["key"]),
        log.get_logs_for_all_runs_by_log_id(after_cursor=0, limit=1000),
        log.get_asset_records(),
        log.get_dynamic_partitions("colors"),
        log.get_concurrency_keys(),
        schedules.all_instigator_state(),
        schedules.get_ticks(),
    )


@pytest.fixture
def origin(make_place):
    """A storage with some of everything."""
    storage = make_place("sqlite").open()
    fill(storage)
    yield storage
    storage.dispose()


@pytest.mark.parametrize("kind", SERVERS)
def test_a_copy_there_and_back_answers_as_the_original(make_place, origin, kind):
    """From SQLite to a server and back, nothing is lost, and new ids go on where they were."""
    there, back = make_place(kind).open(), make_place("sqlite").open()
    digests = copy_storage(origin, there)
    assert answers(there) == answers(origin)
    assert copy_storage(there, back) == digests
    assert answers(back) == answers(origin)
    numbers = []
    for storage in (origin, there, back):
        storage.run_storage.add_run(make_run("later"))
        (stored,) = storage.store_events([make_entry("later", "later")])
        numbers.append((storage.run_storage.get_run_records(limit=1)[0].storage_id, stored.storage_id))
    assert numbers == [(RUNS + 1, 5 * RUNS + 1)] * 3
    there.dispose()
    back.dispose()


def copies_before_it_dies(origin, place, reports):
    """Let a process copy that kills itself after so many reports, and tell whether it came to its end."""
    process = os.fork()
    if process == 0:
        countdown = itertools.count(1)

        def die_at_last(*_progress):
            if next(countdown) == reports:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            copy_storage(origin, place.open(), die_at_last)
        finally:
            os._exit(0)
    return os.waitpid(process, 0)[1] == 0


@pytest.mark.parametrize("kind", ["sqlite", *SERVERS])
def test_a_killed_copy_goes_on(make_place, origin, kind, monkeypatch):
    """A copy that is killed again and again comes to its end; until then nobody can use the target."""
    monkeypatch.setattr(storage_copy, "BATCH_ROWS", 40)
    place = make_place(kind)
    reports = 1
    while not copies_before_it_dies(origin, place, reports):
        unfinished = place.open()
        with pytest.raises(StorageVersionError, match="call `runrack storage copy` again"):
            unfinished.run_storage.get_runs()
        unfinished.dispose()
        reports += 8
    assert reports > 8
    target = place.open()
    assert answers(target) == answers(origin)
    target.dispose()


def test_a_target_in_use_is_refused(make_place, origin):
    """What is in the target is never mixed with something else."""
    target = make_place("sqlite").open()
    target.run_storage.add_run(make_run("other"))
    with pytest.raises(ConflictError, match="is not empty: the table runs holds rows"):
        copy_storage(origin, target)
    target.dispose()


def test_an_unfinished_copy_of_another_source_is_refused(make_place, origin):
    """Only the copy that was begun may go on."""
    target, other = make_place("sqlite").open(), make_place("sqlite").open()
    target.begin_import(origin.copy_source)
    other.migrate()
    with pytest.raises(ConflictError, match="unfinished copy of something else"):
        copy_storage(other, target)
    target.dispose()
    other.dispose()


def test_a_source_that_is_written_meanwhile_is_noticed(make_place, origin):
    """A copy that could miss something fails, and the target stays unusable."""
    target = make_place("sqlite").open()

    def write(what, _done, _total):
        if what == "copying runs":
            origin.store_events([make_entry("written meanwhile")])

    with pytest.raises(ConflictError, match="are not the same on both sides"):
        copy_storage(origin, target, write)
    assert not target.get_schema_status().is_usable
    target.dispose()


def test_a_value_that_arrives_differently_is_noticed(make_place, origin):
    """Every value of every row is compared at the end."""
    target = make_place("sqlite").open()

    def damage(what, _done, _total):
        if what == "copying events":
            with target.database.change_tables() as conn:
                conn.exec_driver_sql("UPDATE events SET timestamp = timestamp + 1 WHERE id = 3")

    with pytest.raises(ConflictError, match="the rows of events are not the same on both sides"):
        copy_storage(origin, target, damage)
    target.dispose()
