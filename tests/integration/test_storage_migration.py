"""Migrating databases of the first version, which hold data and are in use."""

import itertools
import os
import signal
import threading
import time

import pytest
from sqlalchemy import MetaData, insert, inspect, select

from runrack.errors import StorageVersionError
from runrack.records.asset_key import AssetKey
from runrack.records.event_type import ASSET_TYPES, EventType
from runrack.records.run_status import RunStatus
from runrack.testing.builders import (
    make_entry,
    make_materialization,
    make_observation,
    make_plan,
    make_run,
    make_tick,
)
from runrack_sql.migration import create_tables
from runrack_sql.schema import SCHEMA_VERSION, events, metadata, schema_version

ASSET = AssetKey("asset")
KINDS = ["sqlite", "postgres", "mysql"]
LONGEST_WAIT_SECONDS = 5
A_NOTICEABLE_WAIT_SECONDS = 0.2
OLD_RUNS = 1200
"""More than two batches of what is filled."""


def run_id(number):
    return f"run-{number}"


def fill(storage):
    """Store some of everything."""
    for number in range(20):
        storage.run_storage.add_run(make_run(run_id(number), tags={"team": f"team-{number % 3}"}))
        storage.store_events(
            [
                make_entry(EventType.RUN_START, run_id(number)),
                make_materialization("asset", f"partition-{number % 4}", run_id(number)),
                make_entry("a message", run_id(number)),
            ]
        )
    for number, priority in enumerate(["0", "7", "-3", "none", "99999999999"]):
        queued = make_run(f"queued-{number}", status=RunStatus.QUEUED, tags={"runrack/priority": priority})
        storage.run_storage.add_run(queued)
    storage.store_events(
        [
            make_observation("asset", "partition-0", run_id(1)),
            make_plan("asset", "partition-1", run_id(2)),
            make_plan("asset", "partition-2", run_id(3)),
            make_entry(EventType.RUN_FAILURE, run_id(3)),
            make_plan("asset", "partition-3", run_id(4)),
            make_materialization("asset", "partition-3", run_id(4)),
            make_plan("other", run_id=run_id(5)),
        ]
    )
    storage.schedule_storage.create_tick(make_tick())


def answers(storage):
    """What a user can ask, from both ends."""
    return (
        storage.run_storage.get_run_records(),
        storage.run_storage.get_run_tags(),
        storage.event_log_storage.get_records_for_run(run_id(3), limit=100).records,
        storage.run_storage.list_queued(),
        storage.event_log_storage.get_asset_records(),
        *(
            storage.event_log_storage.get_latest_event_by_partition(ASSET, event_type)
            for event_type in ASSET_TYPES
        ),
        storage.event_log_storage.get_pending_plans(ASSET),
        storage.schedule_storage.get_ticks(),
    )


def make_old(place, source):
    """Make a database of version 0001 with the rows of a storage, as far as that version knows them."""
    storage = place.open()
    with storage.database.change_tables() as new, source.database.read() as rows:
        create_tables(new, "0001")
        new.execute(schema_version.delete())
        new.exec_driver_sql("ALTER TABLE runrack_schema_version DROP COLUMN oldest_code")
        new.exec_driver_sql("INSERT INTO runrack_schema_version VALUES ('0001')")
        old = MetaData()
        old.reflect(new)
        for table in metadata.sorted_tables:
            if table.name not in old.tables:
                continue
            columns = [table.c[column.name] for column in old.tables[table.name].columns]
            found = [dict(row) for row in rows.execute(select(*columns)).mappings()]
            new.execute(old.tables[table.name].delete())
            if found:
                new.execute(insert(old.tables[table.name]), found)
    storage.dispose()


@pytest.fixture(params=KINDS)
def old(request, make_place):
    """A place with a database of version 0001, and what a storage answered that holds the same."""
    place, origin = make_place(request.param), make_place("sqlite").open()
    fill(origin)
    make_old(place, origin)
    yield place, answers(origin)
    origin.dispose()


def names_of(conn):
    """The names of all tables, columns and indexes."""
    inspector = inspect(conn)
    return {
        table: (
            [column["name"] for column in inspector.get_columns(table)],
            sorted(index["name"] for index in inspector.get_indexes(table)),
        )
        for table in inspector.get_table_names()
        if table in metadata.tables
    }


def test_an_older_database_is_not_used_before_it_is_migrated(old):
    """The error names the command, and the tables are left as they are."""
    place, _ = old
    storage = place.open()
    with pytest.raises(StorageVersionError, match="runrack storage migrate"):
        storage.run_storage.get_runs()
    assert storage.get_schema_status().current == "0001"
    storage.dispose()


def test_migrating_keeps_what_is_stored(old, make_place):
    """A migrated database answers as a new one that holds the same, and has the same tables."""
    place, expected = old
    storage, new = place.open(), make_place(place.kind).open()
    storage.migrate()
    assert storage.get_schema_status().is_current
    assert answers(storage) == expected
    new.migrate()
    with storage.database.read() as conn, new.database.read() as other:
        assert names_of(conn) == names_of(other)
    storage.dispose()
    new.dispose()


def is_migrated_by_a_process_that_dies(place, steps):
    """Let a process migrate that kills itself when so many steps were reported; tell whether it came to its end."""
    process = os.fork()
    if process == 0:
        countdown = itertools.count(1)

        def die_at_last(*_progress):
            if next(countdown) == steps:
                os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            place.open().migrate(die_at_last)
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(process, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the migration failed"
    return status == 0


def test_a_killed_migration_goes_on(old):
    """Killed with SIGKILL after each of its steps, a migration comes to its end when it is called again."""
    place, expected = old
    steps = 0
    while True:
        steps += 1
        if is_migrated_by_a_process_that_dies(place, steps):
            break
    assert steps > len(["column", "index", "version"])
    storage = place.open()
    assert storage.get_schema_status().is_current
    assert answers(storage) == expected
    storage.dispose()


class OldWriter(threading.Thread):
    """Inserts messages as version 0001 does, and notes how long that takes."""

    def __init__(self, database):
        super().__init__()
        self._database = database
        self._is_asked_to_end = threading.Event()
        self.waits = []

    def run(self):
        number = 10_000
        while not self._is_asked_to_end.is_set():
            number += 1
            began = time.monotonic()
            with self._database.change_tables() as conn:
                row = {"id": number, "event_id": str(number), "run_id": "", "timestamp": 0.0}
                conn.execute(insert(events), {**row, "late": False, "body": "{}"})
            self.waits.append(time.monotonic() - began)

    def end(self):
        self._is_asked_to_end.set()
        self.join()


def test_a_migration_lets_writers_write(old):
    """While a migration runs, older code stores events, each within seconds and none in vain."""
    place, _ = old
    writing, migrating = place.open(), place.open()
    writer = OldWriter(writing.database)
    writer.start()
    migrating.migrate()
    writer.end()
    assert migrating.get_schema_status().current == SCHEMA_VERSION
    assert max(writer.waits) < LONGEST_WAIT_SECONDS
    with migrating.database.read() as conn:
        stored = conn.execute(select(events.c.id).where(events.c.id > 10_000)).all()
    assert len(stored) == len(writer.waits)
    writing.dispose()
    migrating.dispose()


def test_a_migration_does_not_stop_the_world(make_place):
    """A migration that waits for a table in use lets those pass who came to wait behind it, and tries again."""
    place = make_place("postgres")
    origin = make_place("sqlite").open()
    fill(origin)
    make_old(place, origin)
    using, passing, migrating = place.open(), place.open(), place.open()
    passed = []
    migration = threading.Thread(target=migrating.migrate)
    with using.database.change_tables() as conn:
        conn.exec_driver_sql("SELECT 1 FROM runs LIMIT 1")  # keeps the table from being changed until the end
        migration.start()
        while max(passed, default=0) < A_NOTICEABLE_WAIT_SECONDS:
            with passing.database._write_transaction() as other:
                began = time.monotonic()
                other.exec_driver_sql("SELECT count(*) FROM runs")
                passed.append(time.monotonic() - began)
    migration.join()
    assert migrating.get_schema_status().is_current
    using.dispose()
    passing.dispose()
    migrating.dispose()
    origin.dispose()


def test_an_index_whose_building_was_killed_is_built_again(make_place):
    """PostgreSQL keeps an index that was not finished and does not use it: the migration replaces it."""
    place = make_place("postgres")
    origin = make_place("sqlite").open()
    fill(origin)
    make_old(place, origin)
    storage = place.open()
    with storage.database.change_tables() as conn:
        conn.exec_driver_sql("CREATE INDEX runs_by_lease ON runs (id)")
        conn.exec_driver_sql(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'runs_by_lease'::regclass"
        )
    storage.migrate()
    with storage.database.read() as conn:
        found = {index["name"]: index for index in inspect(conn).get_indexes("runs")}
    assert found["runs_by_lease"]["column_names"] == ["lease_expires_us", "id"]
    storage.dispose()
    origin.dispose()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fill_goes_on_after_the_batch_at_which_it_was_stopped(make_place, kind):
    """What a migration fills, it fills in batches, each row once, wherever it was stopped between two."""
    place = make_place(kind)
    storage = place.open()
    storage.migrate()
    with storage.database.write() as conn:
        rows = [
            {"id": number, "event_id": str(number), "run_id": "", "timestamp": 0.0, "late": False, "body": ""}
            for number in range(1, OLD_RUNS + 1)
        ]
        conn.execute(insert(events), rows)
    filled = []

    def fill_rows(_conn, after, upto):
        if len(filled) == 1:
            filled.append(None)
            raise InterruptedError
        filled.append((after, upto))

    with pytest.raises(InterruptedError):
        storage.database._schema_changes(lambda *_: None).fill("test", events, fill_rows)
    storage.database._schema_changes(lambda *_: None).fill("test", events, fill_rows)
    assert filled == [(0, 500), None, (500, 1000), (1000, 1200)]
    storage.dispose()


def test_tables_that_a_killed_creation_left_are_made_anew(make_place):
    """Where a database cannot undo the making of tables, what a killed creation left behind is replaced."""
    storage = make_place("sqlite").open()
    with storage.database.change_tables() as conn:
        schema_version.create(conn)
        conn.exec_driver_sql("CREATE TABLE runs (id INTEGER)")
        conn.exec_driver_sql("CREATE TABLE event_ids (id INTEGER)")
    storage.run_storage.add_run(make_run("run"))
    assert storage.run_storage.has_run("run")
    storage.dispose()
