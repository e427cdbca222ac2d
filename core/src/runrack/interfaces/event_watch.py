"""EventWatcher: hands every new entry of watched runs to callbacks, from one thread."""

from __future__ import annotations

import logging
import os
import time
import weakref
from collections.abc import Callable, Sequence
from threading import Event, Lock, RLock, Thread, current_thread
from typing import Final, Protocol

from runrack.records.cursor import EventLogCursor
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_filter import EventLogConnection
from runrack.records.run_status import FINISHED, RunStatus

EventCallback = Callable[[EventLogEntry, str], object]
"""Gets an entry and the cursor after it. One that returns the status of a finished run ends its own watch."""

SHORTEST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 0.25

_REST_SECONDS = 0.005
"""The least time between two looks at the log, however often something is stored."""

_GOODBYE_SECONDS = 5.0
"""How long `close` waits for the thread, which may be waiting for a database that does not answer."""

_PAGE = 500
_UNKNOWN: Final = -2
"""No storage id, and not None either, which stands for an empty log."""

_logger = logging.getLogger("runrack.watch")


class WatchedLog(Protocol):
    """What a watcher asks of a log."""

    def get_maximum_record_id(self) -> int | None:
        """As `EventLog.get_maximum_record_id`."""
        ...

    def get_records_for_run(
        self, run_id: str, cursor: str | None = None, *, limit: int | None = None
    ) -> EventLogConnection:
        """As `EventLog.get_records_for_run`."""
        ...


class WatchSignal:
    """Tells a watcher when to look. This one knows of time, and of what its own process has stored.

    The watcher opens it before it waits and closes it when nobody watches any more; it may be opened again.

    Args:
        longest_pause_seconds: How long an idle watcher waits.
    """

    def __init__(self, longest_pause_seconds: float = LONGEST_PAUSE_SECONDS) -> None:
        self.longest_pause_seconds = longest_pause_seconds
        self._woken = Event()

    def open(self) -> None:
        """Get ready to wait."""

    def wait(self, seconds: float) -> None:
        """Return when there may be something new, at once if there was since the last call.

        Args:
            seconds: After how long to return in any case, unless the signal would notice everything.
        """
        self._woken.wait(seconds)
        self._woken.clear()

    def wake(self) -> None:
        """Let `wait` return."""
        self._woken.set()

    def close(self) -> None:
        """Release what `open` or `wait` took."""


class EventWatcher:
    """Delivers entries to callbacks for as long as somebody watches; otherwise there is no thread and no query.

    While nothing is stored, all watches together cost one query for the newest id.

    Args:
        log: What is watched.
        make_signal: Makes what tells when to look.
    """

    def __init__(self, log: WatchedLog, make_signal: Callable[[], WatchSignal]) -> None:
        self._log = log
        self._make_signal = make_signal
        self._signal = make_signal()
        self._lock = Lock()
        self._watches: list[_Watch] = []
        self._thread: Thread | None = None
        self._complaint = ""
        _watchers.add(self)

    def watch(self, run_id: str, cursor: str | None, callback: EventCallback) -> None:
        """As `EventLog.watch`."""
        if cursor is not None:
            EventLogCursor.parse(cursor)
        with self._lock:
            self._watches.append(_Watch(run_id, cursor, callback))
            if self._thread is None:
                self._signal.open()
                self._thread = Thread(target=self._run, name="runrack-event-watcher", daemon=True)
                self._thread.start()
            self._signal.wake()

    def end_watch(self, run_id: str, callback: EventCallback) -> None:
        """As `EventLog.end_watch`."""
        with self._lock:
            ended = [watch for watch in self._watches if watch.is_of(run_id, callback)]
        self._end(ended)

    def wake(self) -> None:
        """Look at the log now."""
        with self._lock:
            if self._thread is not None:
                self._signal.wake()

    def close(self) -> None:
        """End all watches and the thread."""
        with self._lock:
            ended, thread = list(self._watches), self._thread
        self._end(ended)
        if thread is not None and thread is not current_thread():
            thread.join(_GOODBYE_SECONDS)

    def after_fork_in_child(self) -> None:
        """Forget the thread and the watches, which stay with the parent."""
        self._signal = self._make_signal()
        self._lock = Lock()
        self._watches = []
        self._thread = None

    def _end(self, ended: Sequence[_Watch]) -> None:
        with self._lock:
            self._watches = [watch for watch in self._watches if watch not in ended]
            if self._thread is not None:
                self._signal.wake()
        for watch in ended:
            watch.end()

    def _run(self) -> None:
        pause = SHORTEST_PAUSE_SECONDS
        while self._is_needed():
            began = time.monotonic()
            is_idle = not self._look()
            pause = min(2 * pause, self._signal.longest_pause_seconds) if is_idle else SHORTEST_PAUSE_SECONDS
            self._signal.wait(pause)
            time.sleep(max(0.0, began + _REST_SECONDS - time.monotonic()))

    def _is_needed(self) -> bool:
        """Tell whether somebody watches; if nobody does, the thread is over for all others from now on."""
        with self._lock:
            self._watches = [watch for watch in self._watches if not watch.is_over]
            if not self._watches:
                self._signal.close()
                self._thread = None
            return bool(self._watches)

    def _look(self) -> bool:
        """Deliver all that is new, and tell whether something was read."""
        with self._lock:
            watches = list(self._watches)
        try:
            newest = self._log.get_maximum_record_id()
        except Exception as error:  # noqa: BLE001 - of any plugin; the thread must live on
            self._complain(f"cannot look for new events just now: {error}")
            return False
        was_read = [self._deliver(watch, newest) for watch in watches if watch.is_behind(newest)]
        return any(was_read)

    def _deliver(self, watch: _Watch, newest: int | None) -> bool:
        """Deliver all that is new to one watch, and tell whether that could be read."""
        try:
            while not watch.is_over and watch.is_behind(newest):
                page = self._log.get_records_for_run(watch.run_id, watch.cursor, limit=_PAGE)
                watch.deliver(page, newest)
        except Exception as error:  # noqa: BLE001 - as above; the others go on as well
            self._complain(f"cannot read the log of run {watch.run_id!r} just now: {error}")
            return False
        return True

    def _complain(self, message: str) -> None:
        """Log the message, unless it is the same as the last: what fails now fails again at the next look."""
        if message != self._complaint:
            self._complaint = message
            _logger.warning(message)


class _Watch:
    """One callback for one run, and how far it has come."""

    def __init__(self, run_id: str, cursor: str | None, callback: EventCallback) -> None:
        self.run_id = run_id
        self.cursor = cursor
        self.is_over = False
        self._callback = callback
        self._seen_up_to: int | None = _UNKNOWN
        # Held while the callback runs, so that `end` waits for it; a callback may end its own watch.
        self._calling = RLock()

    def is_of(self, run_id: str, callback: EventCallback) -> bool:
        """Tell whether this watch is the one that the caller means."""
        return self.run_id == run_id and self._callback == callback

    def is_behind(self, newest: int | None) -> bool:
        """Tell whether there may be entries to deliver when the newest of the log has this id."""
        return self._seen_up_to != newest

    def deliver(self, page: EventLogConnection, newest: int | None) -> None:
        """Call the callback with the entries of a page, read when the newest of the log had the id `newest`."""
        for record in page.records:
            with self._calling:
                if self.is_over:
                    return
                self._call(record)
        self.cursor = page.cursor
        if not page.has_more:
            self._seen_up_to = newest

    def end(self) -> None:
        """Call the callback no more; return when it does not run any more."""
        with self._calling:
            self.is_over = True

    def _call(self, record: EventLogRecord) -> None:
        self.cursor = EventLogCursor.from_storage_id(record.storage_id).to_string()
        try:
            answer = self._callback(record.event_log_entry, self.cursor)
        except Exception:
            _logger.exception("a callback failed at event %s of run %r", record.storage_id, self.run_id)
            return
        if isinstance(answer, RunStatus) and answer in FINISHED:
            self.is_over = True


_watchers: weakref.WeakSet[EventWatcher] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for watcher in list(_watchers):
        watcher.after_fork_in_child()


os.register_at_fork(after_in_child=_after_fork_in_child)
