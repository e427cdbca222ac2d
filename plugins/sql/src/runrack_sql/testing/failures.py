"""What a caller is told when a server fails, refuses or is not what it should be, and what is tried before that."""

import threading

import pytest
from sqlalchemy import update

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
from runrack_sql.database import Database
from runrack_sql.schema import cursors
from runrack_sql.storage import SqlStorage
from runrack_sql.testing.in_database import SqlSuite
from runrack_sql.testing.on_server import OnServer


class FailureTests(OnServer, SqlSuite):
    """What holds for a database on a server that fails."""

    def unreachable(self) -> str:
        """Return a URL of the server's kind at which nobody listens."""
        return f"{self.place.partition('://')[0]}://user:the-password@127.0.0.1:1/rack"

    def test_a_server_that_is_not_there_is_an_error_without_a_password(self) -> None:
        """The error says where the database should be and what to look at; neither it nor its cause shows the password."""
        url = self.unreachable()
        storage: SqlStorage = self.storage_class(url)
        with storage.patience(0), pytest.raises(StorageUnavailableError) as caught:
            storage.run_storage.get_runs_count()
        storage.dispose()
        assert str(caught.value) == (
            f"{url.partition('://')[0]} database 'rack' on 127.0.0.1:1 cannot be reached just now: look whether the"
            " server runs, whether its address, the name of the database and the user are right"
        )
        assert "the-password" not in repr(caught.value.__cause__)

    def test_the_password_of_a_url_is_redacted(self) -> None:
        """A password that stands in the URL is treated as the secret that it is, also in texts of others."""
        self.storage_class(self.unreachable()).dispose()
        assert redact("a driver says the-password") == "a driver says ***"

    def test_a_connection_that_was_cut_is_replaced(self, storage: SqlStorage) -> None:
        """The next calls after the server ended the connections open new ones; nobody notices."""
        storage.run_storage.add_run(make_run("run"))
        assert self.cut_connections() == 1
        assert storage.run_storage.has_run("run")
        assert self.cut_connections() == 1
        storage.store_events([make_entry(EventType.RUN_START, "run")])
        assert len(storage.event_log_storage.get_records_for_run("run").records) == 1

    def test_a_connection_that_is_cut_in_the_middle_is_no_error(self, storage: SqlStorage) -> None:
        """A call whose transaction was cut is made again: nothing of the first attempt was stored."""
        storage.run_storage.add_run(make_run("run"))
        attempts = []

        def work() -> None:
            with storage.database.write() as conn:
                attempts.append(conn.execute(cursors.insert().values(key="key", value="value")))
                if len(attempts) == 1:
                    self.cut_connections()
                conn.execute(update(cursors).values(value="changed"))

        storage.database.call(work, is_repeatable=False)
        assert len(attempts) == 2
        assert storage.run_storage.get_cursor_values(["key"]) == {"key": "changed"}

    def test_an_event_is_stored_once_when_the_reply_to_its_commit_is_lost(self) -> None:
        """The call is made again, and finds by the event's id that it was carried out: stored once, applied once."""
        with fault_proxy(self.place) as (proxy, through):
            storage = self.storage_class(through)
            storage.run_storage.add_run(make_run("run"))
            proxy.reset_reply_to(COMMIT)
            entry = make_entry(EventType.RUN_START, "run")
            (record,) = storage.store_events([entry])
            assert not proxy.is_armed
            assert not record.late
            assert list(storage.event_log_storage.get_records_for_run("run").records) == [record]
            storage.dispose()

    def test_a_run_is_added_once_when_the_reply_to_its_commit_is_lost(self) -> None:
        """The call is made again, and recognizes the run that it has added itself."""
        with fault_proxy(self.place) as (proxy, through):
            storage = self.storage_class(through)
            assert storage.run_storage.get_runs_count() == 0
            proxy.reset_reply_to(COMMIT)
            run = storage.run_storage.add_run(make_run("run", tags={"key": "value"}))
            assert not proxy.is_armed
            assert storage.run_storage.get_runs() == [run]
            with pytest.raises(RunAlreadyExistsError):
                storage.run_storage.add_run(run)
            storage.dispose()

    def test_what_must_not_be_done_twice_tells_that_its_outcome_is_unknown(self) -> None:
        """A tick whose commit was not answered is not created again: the caller is told to look."""
        with fault_proxy(self.place) as (proxy, through):
            storage = self.storage_class(through)
            assert storage.schedule_storage.get_ticks() == []
            proxy.reset_reply_to(COMMIT)
            with pytest.raises(StorageOutcomeUnknownError, match="look before you repeat the call"):
                storage.schedule_storage.create_tick(make_tick())
            assert len(storage.schedule_storage.get_ticks()) == 1
            storage.dispose()

    def test_a_deadlock_is_resolved_by_repeating(self, storage: SqlStorage) -> None:
        """Two transactions that wait for each other both come to their end: the one that was undone is repeated."""
        storage.run_storage.set_cursor_values({"a": "", "b": ""})
        other: SqlStorage = self.open_storage()
        both_hold_one = threading.Barrier(2)
        attempts: list[str] = []

        def append(database: Database, name: str, first: str, second: str) -> None:
            def work() -> None:
                is_first_attempt = name not in attempts
                attempts.append(name)
                change = update(cursors).values(value=cursors.c.value.concat(name))
                with database.write() as conn:
                    conn.execute(change.where(cursors.c.key == first))
                    if is_first_attempt:
                        both_hold_one.wait()
                    conn.execute(change.where(cursors.c.key == second))

            database.call(work, is_repeatable=False)

        rival = threading.Thread(target=append, args=(other.database, "y", "b", "a"))
        rival.start()
        append(storage.database, "x", "a", "b")
        rival.join()
        other.dispose()
        assert len(attempts) == 3
        values = storage.run_storage.get_cursor_values(["a", "b"])
        assert {key: sorted(value) for key, value in values.items()} == {"a": ["x", "y"], "b": ["x", "y"]}

    def test_a_name_that_cannot_be_kept_is_refused(self, storage: SqlStorage) -> None:
        """A name that is too long or no Unicode is the caller's mistake; nothing is stored, and work goes on."""
        with pytest.raises(InvalidArgumentError, match="255 characters"):
            storage.run_storage.add_run(make_run("x" * 256))
        for no_unicode in ("\ud800", "\udc80"):
            with pytest.raises(InvalidArgumentError, match="no valid Unicode"):
                storage.run_storage.set_cursor_values({no_unicode: ""})
        assert storage.run_storage.get_runs_count() == 0

    def test_a_message_may_hold_nul(self, storage: SqlStorage) -> None:
        """What is not a name is kept as it is."""
        entry = make_entry("a\0b", "run")
        storage.store_events([entry])
        assert list(storage.event_log_storage.get_logs_for_run("run")) == [entry]

    def test_a_database_of_something_else_is_left_alone(self, untouched: str) -> None:
        """A database with tables that are not runrack's is refused; no table is added to them."""
        self.ask(untouched, "CREATE TABLE theirs (id int)")
        storage = self.storage_class(untouched)
        with pytest.raises(StorageCorruptError, match="name another database"):
            storage.run_storage.get_runs_count()
        storage.dispose()
        assert self.ask(untouched, self.list_tables) == [("theirs",)]

    def test_tables_are_not_created_where_that_is_switched_off(self, untouched: str) -> None:
        """With `should_autocreate_tables` off an empty database is an error, until it is migrated."""
        storage = self.storage_class(untouched, should_autocreate_tables=False)
        assert storage.get_schema_status().current is None
        with pytest.raises(StorageVersionError, match=r"has no tables.*`runrack storage migrate`"):
            storage.run_storage.get_runs_count()
        storage.migrate()
        assert storage.run_storage.get_runs_count() == 0
        storage.dispose()
