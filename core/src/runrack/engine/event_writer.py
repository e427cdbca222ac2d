"""EventWriter: the one way of a run's events and messages to the instance, in order."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from runrack.engine.interrupt import shielded
from runrack.interfaces.part import InstanceServices
from runrack.records.error_info import SerializableErrorInfo
from runrack.records.event import Event, EventLogEntry
from runrack.records.event_type import EventType
from runrack.records.run import Run

_LEVELS = {EventType.STEP_FAILURE: "ERROR", EventType.RUN_FAILURE: "ERROR", EventType.RUN_CANCELED: "ERROR"}


class EventWriter:
    """Writes the events and messages of one run, in the order in which they are given.

    - Outside of a batch, what is written is stored when the call returns.
    - Inside of one, it is stored together with what follows: when the batch ends, or at `flush`. Whoever hands control to
      the user's code flushes first, so that nothing which has happened waits for code that may take hours or die.
    - What could not be stored is kept and stored with the next write; a repeated entry is stored once, by its id.

    Args:
        instance: Where the events go.
        run: The run that they belong to.
        keeps_events: Whether `events` has all of them afterwards.
    """

    def __init__(self, instance: InstanceServices, run: Run, *, keeps_events: bool = True) -> None:
        self._instance = instance
        self._run = run
        self._keeps_events = keeps_events
        self._waiting: list[EventLogEntry] = []
        self._batches = 0
        self._lock = threading.RLock()
        self.events: list[Event] = []

    def write_event(self, event: Event) -> None:
        """Write an event."""
        if self._keeps_events:
            self.events.append(event)
        self._write(
            EventLogEntry(
                error_info=None,
                level=_LEVELS.get(event.event_type, "INFO"),  # type: ignore[arg-type]  # the record takes names as well
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
        """Write a message of the user's code; it is stored when the call returns, also inside of a batch."""
        self._write(
            EventLogEntry(
                error_info=error,
                level=level,
                user_message=text,
                run_id=self._run.run_id,
                timestamp=timestamp,
                step_key=step_key,
                job_name=self._run.job_name,
            )
        )
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
        with shielded(), self._lock:
            if self._waiting:
                self._instance.handle_new_events(self._waiting)
                self._waiting = []

    def make_event(
        self, event_type: EventType, step_key: str | None, message: str, payload: object = None
    ) -> Event:
        """Return an event of the run, of this process."""
        return Event(event_type, self._run.job_name, step_key, message, payload, os.getpid())  # type: ignore[arg-type]

    def _write(self, entry: EventLogEntry) -> None:
        with self._lock:
            self._waiting.append(entry)
            if self._batches:
                return
        self.flush()
