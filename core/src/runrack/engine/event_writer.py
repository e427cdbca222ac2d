"""EventWriter: the one way of a run's events and messages to the instance, in order."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from runrack.engine.interrupt import shielded
from runrack.records.error_info import SerializableErrorInfo
from runrack.records.event import Event, EventLogEntry, EventLogRecord
from runrack.records.event_type import EventType
from runrack.records.run import Run

MESSAGE_DELAY_SECONDS = 0.1
"""How long a message may wait for others before they are stored together."""

MESSAGES_KEPT = 1000
"""How many entries may wait; whoever writes one more stores them all first."""

TEXT_KEPT = 1_000_000
"""The same in characters of the messages."""

_ERRORS = frozenset({EventType.STEP_FAILURE, EventType.RUN_FAILURE, EventType.RUN_CANCELED})


class EventSink(Protocol):
    """What stores entries: the instance, or what leads to it."""

    def handle_new_events(
        self, entries: Sequence[EventLogEntry], *, epoch: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Store the entries and all that follows from them in one transaction."""
        ...


class EventWriter:
    """Writes the events and messages of one run, in the order in which they are given.

    - An event is stored when the call returns, unless it is written in a batch: then it is stored together with what
      follows, when the batch ends, or at `flush`. Whoever hands control to the user's code flushes first, so that nothing
      which has happened waits for code that may take hours or die.
    - A message waits for others, at most 100 ms; it is stored before, or together with, whatever is written after it.
      A process that is killed loses at most the messages of its last 100 ms. That is the time until the write begins: a
      storage that is slow, or away, takes its own.
    - What could not be stored is kept and stored with the next write; a repeated entry is stored once, by its id.

    Args:
        instance: Where the events go.
        run: The run that they belong to.
        keeps_events: Whether `events` has all of them afterwards.
        epoch: The claim on the run under which they are written; None where runs are not claimed.
    """

    def __init__(
        self, instance: EventSink, run: Run, *, keeps_events: bool = True, epoch: int | None = None
    ) -> None:
        self._instance = instance
        self._run = run
        self._epoch = epoch
        self._keeps_events = keeps_events
        self._waiting: list[EventLogEntry] = []
        self._waiting_text = 0
        self._batches = 0
        self._timer: threading.Timer | None = None
        self._make_locks()
        _writers.add(self)
        self.events: list[Event] = []

    def write_event(self, event: Event) -> None:
        """Write an event."""
        if self._keeps_events:
            self.events.append(event)
        self._write(
            EventLogEntry(
                error_info=None,
                level=logging.ERROR if event.event_type in _ERRORS else logging.INFO,
                user_message="",
                run_id=self._run.run_id,
                timestamp=time.time(),
                step_key=event.step_key,
                job_name=self._run.job_name,
                event=event,
            )
        )

    def write_message(
        self,
        text: str,
        level: int,
        step_key: str | None,
        error: SerializableErrorInfo | None,
        timestamp: float,
    ) -> None:
        """Write a message of the user's code, to be stored within 100 ms, in a batch or not."""
        entry = EventLogEntry(
            error_info=error,
            level=level,
            user_message=text,
            run_id=self._run.run_id,
            timestamp=timestamp,
            step_key=step_key,
            job_name=self._run.job_name,
        )
        with self._lock:
            self._waiting.append(entry)
            self._waiting_text += len(text)
            is_full = len(self._waiting) >= MESSAGES_KEPT or self._waiting_text >= TEXT_KEPT
            if not is_full:
                self._set_timer()
        if is_full:
            self.flush()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Return a context in which what is written is stored together."""
        with self._lock:
            self._batches += 1
        try:
            yield
        finally:
            with self._lock:
                self._batches -= 1
            if not self._batches:
                self.flush()

    def flush(self) -> None:
        """Store what waits."""
        with shielded(), self._storing:
            entries = self._take()
            if not entries:
                return
            try:
                self._instance.handle_new_events(entries, epoch=self._epoch)
            except BaseException:
                with self._lock:
                    self._waiting[:0] = entries
                raise

    def make_event(
        self, event_type: EventType, step_key: str | None, message: str, payload: object = None
    ) -> Event:
        """Return an event of the run, of this process."""
        return Event(event_type, self._run.job_name, step_key, message, payload, os.getpid())  # type: ignore[arg-type]

    def forget_parent(self) -> None:
        """Leave to the parent what it wrote before it forked this process off."""
        self._waiting, self._waiting_text, self._timer = [], 0, None
        self._make_locks()

    def _write(self, entry: EventLogEntry) -> None:
        with self._lock:
            self._waiting.append(entry)
            if self._batches:
                return
        self.flush()

    def _make_locks(self) -> None:
        self._lock = threading.RLock()  # held for a moment, by whoever changes what waits
        self._storing = threading.RLock()  # held while entries are stored, so that they are stored in order

    def _take(self) -> list[EventLogEntry]:
        with self._lock:
            entries, self._waiting = self._waiting, []
            self._waiting_text = 0
        return entries

    def _set_timer(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(MESSAGE_DELAY_SECONDS, self._flush_in_time)
            self._timer.daemon = True
            self._timer.start()

    def _flush_in_time(self) -> None:
        with self._lock:
            self._timer = None
        # What could not be stored is kept: it is tried again, and the error raised, where that can end the step.
        with suppress(Exception):
            self.flush()


_writers: weakref.WeakSet[EventWriter] = weakref.WeakSet()


def _forget_parent() -> None:
    for writer in list(_writers):
        writer.forget_parent()


os.register_at_fork(after_in_child=_forget_parent)
