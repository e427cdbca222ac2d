"""Watches are woken by the server, and look by themselves where it cannot tell them."""

import threading

import psycopg
import pytest

from runrack.testing.builders import make_entry
from runrack_postgres import PostgresStorage
from runrack_postgres.watch_signal import PostgresWatchSignal

PATIENCE = 30.0
LISTENERS = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'
"""


@pytest.fixture
def storage(url):
    storage = PostgresStorage(url)
    yield storage
    storage.dispose()


@pytest.fixture
def open_signal():
    """Makes signals that return for nothing but news, and try again at once when their connection is lost."""
    opened = []

    def open_one(url):
        signal = PostgresWatchSignal(
            lambda: psycopg.connect(url, autocommit=True), safety_seconds=3600, retry_seconds=0
        )
        signal.open()
        opened.append(signal)
        return signal

    yield open_one
    for signal in opened:
        signal.close()


def test_a_commit_wakes_whoever_listens(storage, url, open_signal):
    """After the first wait, which begins to listen, a wait returns as soon as somebody has stored an event."""
    signal = open_signal(url)
    signal.wait(0)
    assert signal.is_listening
    for number in range(3):
        storage.store_events([make_entry(f"{number}")])
        signal.wait(0)
    assert signal.is_listening


def test_the_own_process_wakes_without_the_server(url, open_signal):
    """`wake` ends a wait that listens; many of them are as good as one."""
    signal = open_signal(url)
    signal.wait(0)
    for _ in range(100_000):
        signal.wake()
    signal.wait(0)


def test_behind_a_pooler_nobody_listens(url, pgbouncer, open_signal):
    """A pooler is recognized, and left alone from then on: the signal knows of time only."""
    signal = open_signal(pgbouncer.url_of(url))
    signal.wait(0)
    signal.wait(0)
    assert not signal.is_listening
    with psycopg.connect(url) as conn:
        assert conn.execute(LISTENERS).fetchall() == []


def test_a_lost_connection_is_replaced(storage, url, open_signal):
    """A wait returns when the connection is lost; the next one listens on a new connection."""
    signal = open_signal(url)
    signal.wait(0)
    end_listeners(url)
    while signal.is_listening:
        signal.wait(0)
    signal.wait(0)
    assert signal.is_listening
    storage.store_events([make_entry("message")])
    signal.wait(0)


def test_a_server_that_is_away_is_not_listened_to(open_signal):
    """Without a connection the signal knows of time only, and says nothing: who reads the log will."""
    signal = open_signal("postgresql://user@127.0.0.1:1/rack")
    signal.wait(0)
    assert not signal.is_listening


def test_a_watch_misses_nothing_when_its_connection_is_lost(storage, url):
    """What is stored before, while and after the listening connection is cut is delivered once, in order."""
    messages, done = [], threading.Event()

    def collect(entry, _cursor):
        messages.append(entry.user_message)
        if entry.user_message == "last":
            done.set()

    log = storage.event_log_storage
    log.watch("run", None, collect)
    for number in range(10):
        storage.store_events([make_entry(f"{number}")])
        end_listeners(url)
    storage.store_events([make_entry("last")])
    assert done.wait(PATIENCE)
    assert messages == [*map(str, range(10)), "last"]


def test_the_connection_is_closed_with_the_last_watch(storage, url):
    """Nobody listens after the last watch has ended."""
    called = threading.Event()
    callback = lambda _entry, _cursor: called.set()  # noqa: E731
    log = storage.event_log_storage
    log.watch("run", None, callback)
    storage.store_events([make_entry("message")])
    assert called.wait(PATIENCE)
    log.end_all_watches()
    with psycopg.connect(url, autocommit=True) as conn:
        while conn.execute(LISTENERS).fetchall():
            pass


def end_listeners(url):
    """Cut the connections that listen, as an administrator would."""
    with psycopg.connect(url) as conn:
        conn.execute(f"SELECT pg_terminate_backend(pid) FROM ({LISTENERS}) AS listeners")
