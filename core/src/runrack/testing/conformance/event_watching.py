"""How the log of a run is watched: every entry once, in order, until the watch is ended."""

import threading
from collections.abc import Callable
from functools import partial
from typing import ClassVar

import pytest

from runrack.errors import InvalidArgumentError
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.records.cursor import EventLogCursor
from runrack.records.event import EventLogEntry
from runrack.records.run_status import RunStatus
from runrack.testing.builders import make_entry
from runrack.testing.conformance.event_reading import MALFORMED_CURSORS
from runrack.testing.conformance.suite import (
    Ability,
    ConformanceSuite,
    in_processes,
    in_threads,
    needs,
)
from runrack.testing.conformance.worker import store_messages

_LAST = "last"


class Collector:
    """A callback that keeps what it was called with.

    Args:
        act: Called with each entry after it was kept; what it returns is returned.
        last: The message to wait for.
    """

    def __init__(self, act: Callable[[EventLogEntry], object] = lambda _: None, last: str = _LAST) -> None:
        self.entries: list[EventLogEntry] = []
        self.cursors: list[str] = []
        self._act = act
        self._last = last
        self._was_called_last = threading.Event()

    def __call__(self, entry: EventLogEntry, cursor: str) -> object:
        """Keep the entry."""
        self.entries.append(entry)
        self.cursors.append(cursor)
        try:
            return self._act(entry)
        finally:
            if entry.user_message == self._last:
                self._was_called_last.set()

    @property
    def messages(self) -> list[str]:
        """The messages of the entries."""
        return [entry.user_message for entry in self.entries]

    def wait(self, seconds: float) -> list[str]:
        """Return the messages as soon as the last one was delivered, and fail after so many seconds."""
        assert self._was_called_last.wait(seconds), f"only {len(self.entries)} were delivered"
        return self.messages


def _store(storage: EventLogStorage, *messages: str, run_id: str = "run") -> list[EventLogEntry]:
    entries = [make_entry(message, run_id) for message in messages]
    storage.store_events(entries)
    return entries


class EventWatchingTests(ConformanceSuite[EventLogStorage]):
    """What `watch` delivers, and when it ends.

    Where a test says that something is not delivered, a second watch that was begun later has already got what came after.

    Attributes:
        patience_seconds: How long a test waits for what should come.
    """

    patience_seconds: ClassVar[float] = 30.0

    def test_a_watch_gets_what_is_stored_already_and_what_comes(self, storage: EventLogStorage) -> None:
        """Entries of the past and of the future are delivered once each, in the order of storage.

        Look at the change from reading the past to following: one cursor leads through both.
        """
        before = _store(storage, "1", "2")
        collector, began = Collector(), Collector(last="2")
        storage.watch("run", None, collector)
        storage.watch("run", None, began)
        began.wait(self.patience_seconds)
        after = [_store(storage, message)[0] for message in ("3", "4", _LAST)]
        collector.wait(self.patience_seconds)
        assert collector.entries == [*before, *after]

    def test_a_watch_gets_the_cursor_of_each_entry(self, storage: EventLogStorage) -> None:
        """The cursor that comes with an entry continues after it, in a page as well as in another watch.

        Look at the cursor that is handed over: that of this entry, not of its page.
        """
        collector, later = Collector(), Collector()
        storage.watch("run", None, collector)
        _store(storage, "1", "2", "3", _LAST)
        collector.wait(self.patience_seconds)
        rests = [storage.get_logs_for_run("run", cursor) for cursor in collector.cursors]
        assert [[entry.user_message for entry in rest] for rest in rests] == [
            ["2", "3", _LAST],
            ["3", _LAST],
            [_LAST],
            [],
        ]
        storage.watch("run", collector.cursors[1], later)
        assert later.wait(self.patience_seconds) == ["3", _LAST]

    def test_a_watch_takes_the_cursor_of_a_page(self, storage: EventLogStorage) -> None:
        """A watch continues where a page ended, or after so many entries.

        Look at where the first read of the watch begins, also for an offset.
        """
        _store(storage, "1", "2")
        cursor = storage.get_records_for_run("run", limit=1).cursor
        offset = EventLogCursor.from_offset(2).to_string()
        by_id, by_offset = Collector(), Collector()
        storage.watch("run", cursor, by_id)
        storage.watch("run", offset, by_offset)
        _store(storage, "3", _LAST)
        assert by_id.wait(self.patience_seconds) == ["2", "3", _LAST]
        assert by_offset.wait(self.patience_seconds) == ["3", _LAST]

    @pytest.mark.parametrize("cursor", MALFORMED_CURSORS)
    def test_a_watch_refuses_a_malformed_cursor(self, storage: EventLogStorage, cursor: str) -> None:
        """What is no cursor is refused at once, by the caller's own call.

        Look at where the cursor is parsed: in `watch`, not in the thread that delivers.
        """
        with pytest.raises(InvalidArgumentError):
            storage.watch("run", cursor, Collector())

    def test_a_watch_is_of_one_run(self, storage: EventLogStorage) -> None:
        """Entries of other runs are not delivered; runs whose ids differ in case only are others.

        Look at the condition on the run, and at the collation of its column.
        """
        collector = Collector()
        storage.watch("run", None, collector)
        _store(storage, "1")
        for other in ("RUN", "run2", ""):
            _store(storage, "other", _LAST, run_id=other)
        _store(storage, _LAST)
        assert collector.wait(self.patience_seconds) == ["1", _LAST]

    def test_a_long_log_is_delivered_once(self, storage: EventLogStorage) -> None:
        """A log of more entries than are read at once is delivered whole, each entry once.

        Look at reading on while a page says `has_more`, before waiting for news.
        """
        messages = [f"{number}" for number in range(1203)]
        _store(storage, *messages, _LAST)
        collector = Collector()
        storage.watch("run", None, collector)
        assert collector.wait(self.patience_seconds) == [*messages, _LAST]

    def test_many_writers_are_watched(self, storage: EventLogStorage) -> None:
        """While threads write to two runs at once, each watch gets all of its run, in the order of its log.

        Look at entries that are committed out of the order of their ids, and at news that is lost while reading.
        """
        collectors = {run_id: Collector() for run_id in ("run-0", "run-1")}
        for run_id, collector in collectors.items():
            storage.watch(run_id, None, collector)

        def write(number: int) -> None:
            for index in range(25):
                _store(storage, f"{number}-{index}", run_id=f"run-{number % 2}")

        in_threads(write)
        for run_id, collector in collectors.items():
            _store(storage, _LAST, run_id=run_id)
            collector.wait(self.patience_seconds)
            assert collector.entries == list(storage.get_logs_for_run(run_id))
            assert len(collector.entries) == 101

    @needs(Ability.SHARES_BETWEEN_PROCESSES)
    def test_other_processes_are_watched(self, storage: EventLogStorage) -> None:
        """What other processes store is delivered like what this one does.

        Look at what tells a watch of news: notices in memory reach no other process.
        """
        collector = Collector(last="19")
        storage.watch("run-0", None, collector)
        in_processes(store_messages, self.opener(storage), 20, count=1)
        assert collector.wait(self.patience_seconds) == [f"{index}" for index in range(20)]

    def test_a_failing_callback_ends_nothing(self, storage: EventLogStorage) -> None:
        """After an exception in a callback, it and the others get the entries that follow.

        Look at the `except` around a single callback, inside the loop that delivers.
        """

        def fail(entry: EventLogEntry) -> None:
            raise KeyError(entry.user_message)

        failing, other = Collector(fail), Collector()
        storage.watch("run", None, failing)
        storage.watch("run", None, other)
        _store(storage, "1", "2")
        _store(storage, _LAST)
        assert failing.wait(self.patience_seconds) == ["1", "2", _LAST]
        assert other.wait(self.patience_seconds) == ["1", "2", _LAST]

    def test_an_ended_watch_gets_nothing(self, storage: EventLogStorage) -> None:
        """After `end_watch` the callback is not called; other watches of the run go on.

        Look at how watches are kept: by run and callback, and only this pair is removed.
        """
        ended, other = Collector(last="1"), Collector()
        storage.watch("run", None, ended)
        storage.watch("run", None, other)
        _store(storage, "1")
        ended.wait(self.patience_seconds)
        storage.end_watch("run", ended)
        _store(storage, "2", _LAST)
        assert other.wait(self.patience_seconds) == ["1", "2", _LAST]
        assert ended.messages == ["1"]

    def test_ending_what_is_not_watched_is_no_error(self, storage: EventLogStorage) -> None:
        """`end_watch` of another run or callback changes nothing.

        Look for a KeyError or ValueError in removing.
        """
        collector = Collector()
        storage.end_watch("run", collector)
        storage.watch("run", None, collector)
        storage.end_watch("RUN", collector)
        storage.end_watch("run", Collector())
        _store(storage, _LAST)
        assert collector.wait(self.patience_seconds) == [_LAST]

    def test_end_watch_waits_for_a_running_callback(self, storage: EventLogStorage) -> None:
        """When `end_watch` has returned, the callback is not running any more.

        Look at the lock that a callback runs under: `end_watch` takes it, unless it is called by that callback.
        """
        runs, may_end = threading.Event(), threading.Event()

        def hold(_entry: EventLogEntry) -> None:
            runs.set()
            may_end.wait(self.patience_seconds)

        collector = Collector(hold)
        storage.watch("run", None, collector)
        _store(storage, "1")
        assert runs.wait(self.patience_seconds)
        ender = threading.Thread(target=partial(storage.end_watch, "run", collector))
        ender.start()
        ender.join(0.1)
        was_waiting = ender.is_alive()
        may_end.set()
        ender.join()
        assert was_waiting

    def test_a_callback_may_end_its_own_watch(self, storage: EventLogStorage) -> None:
        """A callback that ends its own watch gets nothing more, not even what was read with the same page.

        Look at the rest of the page after each callback: it is dropped when the watch has ended meanwhile.
        """
        ending, other = Collector(lambda _: storage.end_watch("run", ending)), Collector()
        storage.watch("run", None, ending)
        storage.watch("run", None, other)
        _store(storage, "1", "2", _LAST)
        other.wait(self.patience_seconds)
        assert ending.messages == ["1"]

    def test_the_status_of_a_finished_run_ends_a_watch(self, storage: EventLogStorage) -> None:
        """A callback that returns such a status gets nothing more; one that returns another status goes on.

        Look at what is done with the value that a callback returns: only finished statuses end the watch.
        """
        ending = Collector(lambda _: RunStatus.FAILURE, last="1")
        other = Collector(lambda _: RunStatus.STARTED)
        storage.watch("run", None, ending)
        storage.watch("run", None, other)
        _store(storage, "1", "2")
        assert ending.wait(self.patience_seconds) == ["1"]
        _store(storage, _LAST)
        assert other.wait(self.patience_seconds) == ["1", "2", _LAST]
        assert ending.messages == ["1"]

    def test_a_callback_may_watch_and_store(self, storage: EventLogStorage) -> None:
        """A callback may use the storage, also to begin another watch.

        Look for a lock that is held while a callback runs and that `watch` or `store_events` needs.
        """
        inner = Collector()

        def react(entry: EventLogEntry) -> None:
            if entry.user_message == "1":
                storage.watch("other", None, inner)
                _store(storage, _LAST, run_id="other")

        outer = Collector(react)
        storage.watch("run", None, outer)
        _store(storage, "1", _LAST)
        assert outer.wait(self.patience_seconds) == ["1", _LAST]
        assert inner.wait(self.patience_seconds) == [_LAST]

    def test_a_watch_outlives_the_log(self, storage: EventLogStorage) -> None:
        """A watch of a run whose log is deleted goes on with what is stored afterwards.

        Look at the cursor after a deletion: it stays where it was, also when no entry is left.
        """
        collector, first = Collector(), Collector(last="1")
        storage.watch("run", None, collector)
        storage.watch("run", None, first)
        _store(storage, "1")
        first.wait(self.patience_seconds)
        storage.delete_events("run")
        _store(storage, "2", _LAST)
        assert collector.wait(self.patience_seconds) == ["1", "2", _LAST]

    def test_a_watch_can_begin_again_after_all_were_ended(self, storage: EventLogStorage) -> None:
        """Watches can be ended and begun any number of times.

        Look at the thread that delivers: it ends with the last watch, and starts anew with the next.
        """
        for number in range(5):
            collector = Collector(last=f"{number}")
            storage.watch("run", None, collector)
            _store(storage, f"{number}")
            assert collector.wait(self.patience_seconds) == [f"{index}" for index in range(number + 1)]
            storage.end_watch("run", collector)
