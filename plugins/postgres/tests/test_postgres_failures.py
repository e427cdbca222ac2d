"""What a caller is told when the database fails, refuses or is not what it should be, and what is tried before that."""

import threading

import psycopg
import pytest

from runrack.config.secret import redact
from runrack.errors import (
    InvalidArgumentError,
    RunAlreadyExistsError,
    StorageCorruptError,
    StorageError,
    StorageOutcomeUnknownError,
    StorageUnavailableError,
    StorageVersionError,
)
from runrack.records.asset_key import AssetKey
from runrack.records.event_type import EventType
from runrack.records.runs_filter import RunsFilter
from runrack.testing.builders import make_entry, make_materialization, make_run, make_tick
from runrack.testing.fault_proxy import COMMIT, fault_proxy
from runrack_postgres import PostgresStorage
from runrack_postgres.database import PostgresDatabase
from runrack_postgres.url import url_of
from runrack_sql.run_storage import SqlRunStorage

NOBODY_LISTENS = "postgresql://user:the-password@127.0.0.1:1/rack"


@pytest.fixture
def storage(url):
    storage = PostgresStorage(url)
    yield storage
    storage.dispose()


def cut_connections(url):
    """End all connections to the database but the own one, as an administrator would."""
    query = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
    """
    with psycopg.connect(url) as conn:
        return len(conn.execute(query).fetchall())


def test_a_server_that_is_not_there_is_an_error_without_a_password():
    """The error says where the database should be and what to look at; neither it nor its cause shows the password."""
    runs = SqlRunStorage(PostgresDatabase(url_of(NOBODY_LISTENS), patience_seconds=0))
    with pytest.raises(StorageUnavailableError) as caught:
        runs.get_runs_count()
    assert str(caught.value) == (
        "postgresql database 'rack' on 127.0.0.1:1 cannot be reached just now: look whether the server runs,"
        " whether its address, the name of the database and the user are right"
    )
    assert "the-password" not in repr(caught.value.__cause__)
    runs.dispose()


def test_the_password_of_a_url_is_redacted():
    """A password that stands in the URL is treated as the secret that it is, also in texts of others."""
    PostgresStorage(NOBODY_LISTENS).dispose()
    assert redact("a driver says the-password") == "a driver says ***"


def test_a_connection_that_was_cut_is_replaced(storage, url):
    """The next calls after the server ended the connections open new ones; nobody notices."""
    storage.run_storage.add_run(make_run("run"))
    assert cut_connections(url) == 1
    assert storage.run_storage.has_run("run")
    assert cut_connections(url) == 1
    storage.store_events([make_entry(EventType.RUN_START, "run")])
    assert len(storage.event_log_storage.get_records_for_run("run").records) == 1


def test_a_connection_that_is_cut_in_the_middle_is_no_error(storage, url):
    """A call whose transaction was cut is made again: nothing of the first attempt was stored."""
    storage.run_storage.add_run(make_run("run"))
    attempts = []

    def work():
        with storage.database.write() as conn:
            attempts.append(conn.exec_driver_sql("INSERT INTO cursors VALUES ('key', 'value')"))
            if len(attempts) == 1:
                cut_connections(url)
            conn.exec_driver_sql("UPDATE cursors SET value = 'changed'")

    storage.database.call(work, is_repeatable=False)
    assert len(attempts) == 2
    assert storage.run_storage.get_cursor_values(["key"]) == {"key": "changed"}


def test_an_event_is_stored_once_when_the_reply_to_its_commit_is_lost(url):
    """The call is made again, and finds by the event's id that it was carried out: stored once, applied once."""
    with fault_proxy(url) as (proxy, through):
        storage = PostgresStorage(through)
        storage.run_storage.add_run(make_run("run"))
        proxy.reset_reply_to(COMMIT)
        entry = make_entry(EventType.RUN_START, "run")
        (record,) = storage.store_events([entry])
        assert not proxy.is_armed
        assert not record.late
        assert list(storage.event_log_storage.get_records_for_run("run").records) == [record]
        storage.dispose()


def test_a_run_is_added_once_when_the_reply_to_its_commit_is_lost(url):
    """The call is made again, and recognizes the run that it has added itself."""
    with fault_proxy(url) as (proxy, through):
        storage = PostgresStorage(through)
        assert storage.run_storage.get_runs_count() == 0
        proxy.reset_reply_to(COMMIT)
        run = storage.run_storage.add_run(make_run("run", tags={"key": "value"}))
        assert not proxy.is_armed
        assert storage.run_storage.get_runs() == [run]
        with pytest.raises(RunAlreadyExistsError):
            storage.run_storage.add_run(run)
        storage.dispose()


def test_what_must_not_be_done_twice_tells_that_its_outcome_is_unknown(url):
    """A tick whose commit was not answered is not created again: the caller is told to look."""
    with fault_proxy(url) as (proxy, through):
        storage = PostgresStorage(through)
        assert storage.schedule_storage.get_ticks() == []
        proxy.reset_reply_to(COMMIT)
        with pytest.raises(StorageOutcomeUnknownError, match="look before you repeat the call"):
            storage.schedule_storage.create_tick(make_tick())
        assert len(storage.schedule_storage.get_ticks()) == 1
        storage.dispose()


def test_a_deadlock_is_resolved_by_repeating(storage):
    """Two transactions that wait for each other both come to their end: the one that was undone is repeated."""
    storage.run_storage.set_cursor_values({"a": "", "b": ""})
    other = PostgresDatabase(storage.database._engine.url)
    both_hold_one = threading.Barrier(2)
    attempts = []

    def append(database, name, first, second):
        def work():
            is_first_attempt = name not in attempts
            attempts.append(name)
            with database.write() as conn:
                change = "UPDATE cursors SET value = value || %s WHERE key = %s"
                conn.exec_driver_sql(change, (name, first))
                if is_first_attempt:
                    both_hold_one.wait()
                conn.exec_driver_sql(change, (name, second))

        database.call(work, is_repeatable=False)

    rival = threading.Thread(target=append, args=(other, "y", "b", "a"))
    rival.start()
    append(storage.database, "x", "a", "b")
    rival.join()
    other.dispose()
    assert len(attempts) == 3
    values = storage.run_storage.get_cursor_values(["a", "b"])
    assert {key: sorted(value) for key, value in values.items()} == {"a": ["x", "y"], "b": ["x", "y"]}


def test_a_name_that_cannot_be_kept_is_refused(storage):
    """NUL in a name and a name that is too long are the caller's mistake; nothing is stored, and work goes on."""
    with pytest.raises(InvalidArgumentError, match="NUL"):
        storage.run_storage.add_run(make_run("a\0b"))
    with pytest.raises(InvalidArgumentError, match="NUL"):
        storage.event_log_storage.add_dynamic_partitions("definition", ["a\0b"])
    with pytest.raises(InvalidArgumentError, match="255 characters"):
        storage.run_storage.add_run(make_run("x" * 256))
    with pytest.raises(InvalidArgumentError, match="64 bits"):
        storage.event_log_storage.get_logs_for_all_runs_by_log_id(after_cursor=2**63)
    assert storage.run_storage.get_runs_count() == 0


def test_a_message_may_hold_nul(storage):
    """What is not a name is kept as it is."""
    entry = make_entry("a\0b", "run")
    storage.store_events([entry])
    assert list(storage.event_log_storage.get_logs_for_run("run")) == [entry]


@pytest.mark.parametrize("icu", ["en-US", "de-DE-u-co-phonebk"])
def test_texts_are_in_the_order_of_code_points_in_every_locale(postgres_server, icu):
    """Whatever the locale of the database, nothing is folded, and order is that of code points."""
    names = ["B", "a", "Ä", "ä", "Z", "_", "a b", "ab", "🚀", "ÿ"]
    options = f"LOCALE_PROVIDER icu ICU_LOCALE '{icu}'"
    with postgres_server.database(options=options) as url:
        storage = PostgresStorage(url)
        for name in names:
            storage.run_storage.add_run(make_run(name, tags={name: name}))
            storage.store_events([make_materialization(name, run_id=name)])
        assert list(storage.run_storage.get_run_tag_keys()) == sorted(names)
        assert storage.run_storage.get_run_ids(RunsFilter(tags={"a": "a"})) == ["a"]
        keys = [AssetKey(name).to_string() for name in names]
        assert [key.to_string() for key in storage.event_log_storage.get_asset_keys()] == sorted(keys)
        storage.dispose()


def test_a_database_of_another_encoding_is_refused(postgres_server):
    """A database that cannot hold every name is refused before anything is made in it."""
    with postgres_server.database(options="ENCODING 'LATIN1' LOCALE 'C'") as url:
        storage = PostgresStorage(url)
        with pytest.raises(StorageError, match=r"keeps text as LATIN1.*ENCODING 'UTF8' TEMPLATE template0"):
            storage.run_storage.get_runs_count()
        storage.dispose()


def test_a_database_of_something_else_is_left_alone(postgres_server):
    """A database with tables that are not runrack's is refused; no table is added to them."""
    with postgres_server.database() as url:
        with psycopg.connect(url) as conn:
            conn.execute("CREATE TABLE theirs (id int)")
        storage = PostgresStorage(url)
        with pytest.raises(StorageCorruptError, match="name another database"):
            storage.run_storage.get_runs_count()
        storage.dispose()
        with psycopg.connect(url) as conn:
            tables = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert tables == [("theirs",)]


def test_tables_are_not_created_where_that_is_switched_off(postgres_server):
    """With `should_autocreate_tables` off an empty database is an error, until it is migrated."""
    with postgres_server.database() as url:
        storage = PostgresStorage(url, should_autocreate_tables=False)
        assert storage.get_schema_status().current is None
        with pytest.raises(StorageVersionError, match=r"has no tables.*`runrack storage migrate`"):
            storage.run_storage.get_runs_count()
        storage.migrate()
        assert storage.run_storage.get_runs_count() == 0
        storage.dispose()
