"""The thread of a watcher: when it lives, what it asks of the log, what it survives."""

import os
import threading

import pytest

from runrack.errors import StorageCorruptError, StorageUnavailableError
from runrack.interfaces.event_watch import EventWatcher, WatchSignal
from runrack.testing.builders import make_entry
from runrack_memory import MemoryEventLogStorage, MemoryStorage

PATIENCE = 30.0
THREAD_NAME = "runrack-event-watcher"


class StepSignal(WatchSignal):
    """Returns from `wait` only when it is told to; says when the watcher waits."""

    def __init__(self):
        super().__init__()
        self.waits = threading.Semaphore(0)
        self.steps = threading.Semaphore(0)
        self.pauses = []
        self.is_open = False

    def open(self):
        self.is_open = True

    def wait(self, seconds):
        self.pauses.append(seconds)
        self.waits.release()
        assert self.steps.acquire(timeout=PATIENCE)

    def wake(self):
        self.steps.release()

    def close(self):
        self.is_open = False

    def let_look(self):
        """Let the watcher look once, and return when it waits again."""
        self.steps.release()
        assert self.waits.acquire(timeout=PATIENCE)


class CountingLog(MemoryEventLogStorage):
    """Counts the queries; fails as often as it is told to."""

    def __init__(self):
        super().__init__()
        self.queries = []
        self.failures = 0
        self.unreadable = None

    def get_maximum_record_id(self):
        self.queries.append("newest")
        if self.failures:
            self.failures -= 1
            raise StorageUnavailableError("the log is away")
        return super().get_maximum_record_id()

    def get_records_for_run(self, run_id, cursor=None, of_type=None, limit=None, ascending=True):
        self.queries.append(run_id)
        if run_id == self.unreadable:
            raise StorageCorruptError("it is damaged")
        return super().get_records_for_run(run_id, cursor, of_type, limit, ascending)


@pytest.fixture
def signal():
    return StepSignal()


@pytest.fixture
def log():
    return CountingLog()


@pytest.fixture
def watcher(log, signal):
    watcher = EventWatcher(log, lambda: signal)
    yield watcher
    watcher.close()


def watcher_threads():
    return [thread for thread in threading.enumerate() if thread.name == THREAD_NAME]


def begin(watcher, signal, run_id="run"):
    """Begin a watch whose callback collects messages; return them once the watcher waits."""
    messages = []
    # Beginning a watch wakes the watcher, also one that has just started and looks in any case.
    looks = 1 if signal.is_open else 2
    watcher.watch(run_id, None, lambda entry, _cursor: messages.append(entry.user_message))
    for _ in range(looks):
        assert signal.waits.acquire(timeout=PATIENCE)
    return messages


def test_nobody_watches_without_a_thread(log):
    """A storage has no thread and asks nothing before the first watch, and after the last has ended."""
    log.wake_watches()
    log.end_all_watches()
    assert watcher_threads() == []
    called = threading.Event()
    callback = lambda _entry, _cursor: called.set()  # noqa: E731
    log.watch("run", None, callback)
    log.store_event(make_entry("message"))
    assert called.wait(PATIENCE)
    (thread,) = watcher_threads()
    log.end_watch("run", callback)
    thread.join(PATIENCE)
    assert watcher_threads() == []


def test_an_idle_log_is_asked_for_its_newest_id_only(watcher, signal, log):
    """However many runs are watched, a look at a log where nothing happened is one query; pauses grow to a bound."""
    for number in range(5):
        begin(watcher, signal, f"run-{number}")
    for _ in range(12):
        signal.let_look()
    log.queries.clear()
    signal.pauses.clear()
    signal.let_look()
    assert log.queries == ["newest"]
    assert signal.pauses == [signal.longest_pause_seconds]


def test_news_shorten_the_pause(watcher, signal, log):
    """After something was stored the watcher looks again soon."""
    begin(watcher, signal)
    for _ in range(8):
        signal.let_look()
    log.store_event(make_entry("message"))
    signal.let_look()
    assert signal.pauses[-2] == signal.longest_pause_seconds
    assert signal.pauses[-1] < signal.longest_pause_seconds / 5


def test_a_log_that_is_away_is_watched_again_when_it_is_back(watcher, signal, log, caplog):
    """Failed looks are logged once and harm nothing: what was stored meanwhile is delivered."""
    messages = begin(watcher, signal)
    log.failures = 3
    log.store_event(make_entry("message"))
    for _ in range(3):
        signal.let_look()
    assert messages == []
    signal.let_look()
    assert messages == ["message"]
    assert [record.getMessage() for record in caplog.records] == [
        "cannot look for new events just now: the log is away"
    ]


def test_an_unreadable_run_does_not_stop_the_others(watcher, signal, log, caplog):
    """A run whose log cannot be read is reported by name; the watches of other runs go on."""
    log.unreadable = "bad"
    log.store_event(make_entry("message"))
    begin(watcher, signal, "bad")
    assert begin(watcher, signal) == ["message"]
    assert [record.getMessage() for record in caplog.records] == [
        "cannot read the log of run 'bad' just now: it is damaged"
    ]


def test_a_failing_callback_is_logged(watcher, signal, log, caplog):
    """What a callback raised is logged with its traceback, the event and the run."""

    def fail(entry, _cursor):
        raise KeyError(entry.user_message)

    log.store_event(make_entry("message"))
    watcher.watch("run", None, fail)
    assert signal.waits.acquire(timeout=PATIENCE)
    (record,) = caplog.records
    assert record.getMessage() == "a callback failed at event 1 of run 'run'"
    assert record.exc_info[0] is KeyError


def test_close_ends_the_thread(watcher, signal):
    """After `close` the thread is gone and the signal closed; a later watch begins anew."""
    begin(watcher, signal)
    watcher.close()
    assert watcher_threads() == []
    assert not signal.is_open
    begin(watcher, signal)
    assert signal.is_open


def test_a_callback_may_close_the_storage(log):
    """A callback that disposes of its storage does not wait for itself."""
    closed = threading.Event()

    def close(_entry, _cursor):
        log.dispose()
        closed.set()

    log.watch("run", None, close)
    (thread,) = watcher_threads()
    log.store_event(make_entry("message"))
    assert closed.wait(PATIENCE)
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_the_combined_storage_ends_watches(log):
    """Disposing of a storage ends the watches of its log."""
    storage = MemoryStorage()
    storage.event_log_storage.watch("run", None, lambda _entry, _cursor: None)
    storage.dispose()
    assert watcher_threads() == []


def test_a_forked_child_watches_nothing(watcher, signal, log):
    """The child of a fork has no thread and no watch, and can begin its own; the parent's goes on."""
    messages = begin(watcher, signal)
    child = os.fork()
    if child == 0:
        called = threading.Event()
        is_clean = not watcher_threads() and not watcher._watches
        log.watch("run", None, lambda _entry, _cursor: called.set())
        log.store_event(make_entry("message"))
        os._exit(0 if is_clean and called.wait(PATIENCE) else 1)
    assert os.waitpid(child, 0)[1] == 0
    log.store_event(make_entry("message"))
    signal.let_look()
    assert messages == ["message"]
