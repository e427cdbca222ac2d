"""What a caller is told when the database fails, refuses or is not what it should be, and what is tried before that."""

import threading

import pytest

from runrack.config.secret import redact
from runrack.errors import (
    InvalidArgumentError,
    RunAlreadyExistsError,
    StorageCorruptError,
    StorageOutcomeUnknownError,
    StorageUnavailableError,
    StorageVersionError,
)
from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_run, make_tick
from runrack.testing.fault_proxy import COMMIT, fault_proxy
from runrack_mysql import MySQLStorage
from runrack_mysql.database import MySQLDatabase
from runrack_mysql.url import url_of
from runrack_sql.run_storage import SqlRunStorage

NOBODY_LISTENS = "mysql://user:the-password@127.0.0.1:1/rack"


@pytest.fixture
def storage(url):
    storage = MySQLStorage(url)
    yield storage
    storage.dispose()


@pytest.fixture
def cut_connections(ask, url):
    """What ends all connections to the database but the own one, as an administrator would, and counts them."""

    def cut():
        others = (
            "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
        )
        found = ask(url, others)
        for (number,) in found:
            ask(url, f"KILL {number}")
        return len(found)

    return cut


def test_a_server_that_is_not_there_is_an_error_without_a_password():
    """The error says where the database should be and what to look at; neither it nor its cause shows the password."""
    runs = SqlRunStorage(MySQLDatabase(url_of(NOBODY_LISTENS), patience_seconds=0))
    with pytest.raises(StorageUnavailableError) as caught:
        runs.get_runs_count()
    assert str(caught.value) == (
        "mysql database 'rack' on 127.0.0.1:1 cannot be reached just now: look whether the server runs,"
        " whether its address, the name of the database and the user are right"
    )
    assert "the-password" not in repr(caught.value.__cause__)
    runs.dispose()


def test_the_password_of_a_url_is_redacted():
    """A password that stands in the URL is treated as the secret that it is, also in texts of others."""
    MySQLStorage(NOBODY_LISTENS).dispose()
    assert redact("a driver says the-password") == "a driver says ***"


def test_a_connection_that_was_cut_is_replaced(storage, cut_connections):
    """The next calls after the server ended the connections open new ones; nobody notices."""
    storage.run_storage.add_run(make_run("run"))
    assert cut_connections() == 1
    assert storage.run_storage.has_run("run")
    assert cut_connections() == 1
    storage.store_events([make_entry(EventType.RUN_START, "run")])
    assert len(storage.event_log_storage.get_records_for_run("run").records) == 1


def test_a_connection_that_is_cut_in_the_middle_is_no_error(storage, cut_connections):
    """A call whose transaction was cut is made again: nothing of the first attempt was stored."""
    storage.run_storage.add_run(make_run("run"))
    attempts = []

    def work():
        with storage.database.write() as conn:
            attempts.append(conn.exec_driver_sql("INSERT INTO cursors VALUES ('key', 'value')"))
            if len(attempts) == 1:
                cut_connections()
            conn.exec_driver_sql("UPDATE cursors SET value = 'changed'")

    storage.database.call(work, is_repeatable=False)
    assert len(attempts) == 2
    assert storage.run_storage.get_cursor_values(["key"]) == {"key": "changed"}


def test_an_event_is_stored_once_when_the_reply_to_its_commit_is_lost(url):
    """The call is made again, and finds by the event's id that it was carried out: stored once, applied once."""
    with fault_proxy(url) as (proxy, through):
        storage = MySQLStorage(through)
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
        storage = MySQLStorage(through)
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
        storage = MySQLStorage(through)
        assert storage.schedule_storage.get_ticks() == []
        proxy.reset_reply_to(COMMIT)
        with pytest.raises(StorageOutcomeUnknownError, match="look before you repeat the call"):
            storage.schedule_storage.create_tick(make_tick())
        assert len(storage.schedule_storage.get_ticks()) == 1
        storage.dispose()


def test_a_deadlock_is_resolved_by_repeating(storage):
    """Two transactions that wait for each other both come to their end: the one that was undone is repeated."""
    storage.run_storage.set_cursor_values({"a": "", "b": ""})
    other = MySQLDatabase(storage.database._engine.url)
    both_hold_one = threading.Barrier(2)
    attempts = []

    def append(database, name, first, second):
        def work():
            is_first_attempt = name not in attempts
            attempts.append(name)
            with database.write() as conn:
                change = "UPDATE cursors SET value = concat(value, %s) WHERE `key` = %s"
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
    """A name that is too long or no Unicode is the caller's mistake; nothing is stored, and work goes on."""
    with pytest.raises(InvalidArgumentError, match="255 characters"):
        storage.run_storage.add_run(make_run("x" * 256))
    with pytest.raises(InvalidArgumentError, match="no valid Unicode"):
        storage.run_storage.set_cursor_values({"\ud800": ""})
    with pytest.raises(InvalidArgumentError, match="no valid Unicode"):
        storage.run_storage.set_cursor_values({"\udc80": ""})
    assert storage.run_storage.get_runs_count() == 0


def test_a_message_may_hold_nul(storage):
    """What is not a name is kept as it is."""
    entry = make_entry("a\0b", "run")
    storage.store_events([entry])
    assert list(storage.event_log_storage.get_logs_for_run("run")) == [entry]


def test_a_database_of_something_else_is_left_alone(ask, mariadb_server):
    """A database with tables that are not runrack's is refused; no table is added to them."""
    with mariadb_server.database() as url:
        ask(url, "CREATE TABLE theirs (id int)")
        storage = MySQLStorage(url)
        with pytest.raises(StorageCorruptError, match="name another database"):
            storage.run_storage.get_runs_count()
        storage.dispose()
        assert ask(url, "SHOW TABLES") == [("theirs",)]


def test_tables_are_not_created_where_that_is_switched_off(mariadb_server):
    """With `should_autocreate_tables` off an empty database is an error, until it is migrated."""
    with mariadb_server.database() as url:
        storage = MySQLStorage(url, should_autocreate_tables=False)
        assert storage.get_schema_status().current is None
        with pytest.raises(StorageVersionError, match=r"has no tables.*`runrack storage migrate`"):
            storage.run_storage.get_runs_count()
        storage.migrate()
        assert storage.run_storage.get_runs_count() == 0
        storage.dispose()
