"""How events enter an instance, and how they are read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from runrack.config.secret import has_secrets, redact
from runrack.errors import InvalidArgumentError, RunrackError
from runrack.instance.event_intake import EventIntake
from runrack.instance.event_spool import spool_files
from runrack.instance.instance_base import InstanceBase
from runrack.instance.spool_settings import SpoolLimits
from runrack.interfaces.event_watch import EventCallback
from runrack.records.codec import decode_event, encode
from runrack.records.event import Event, EventLogEntry, EventLogRecord, event_entry
from runrack.records.event_data import EngineEventData, RunCanceledData, RunFailureData
from runrack.records.event_filter import (
    EventLogConnection,
    EventRecordsFilter,
    EventRecordsResult,
    RunStatusChangeRecordsFilter,
)
from runrack.records.event_type import EventType
from runrack.records.run import Run

EventListener = Callable[[EventLogEntry], None]

_STEP_ENDS = frozenset(
    {EventType.STEP_SUCCESS, EventType.STEP_FAILURE, EventType.STEP_SKIPPED, EventType.STEP_UP_FOR_RETRY}
)


class EventMethods(InstanceBase):
    """Events: stored with all that follows from them, read back in order. Promises as in `EventLog`."""

    _listeners: dict[str, list[EventListener]]
    _settings: dict[str, Any]
    _home: Path | None
    _intake_lock: threading.RLock
    _open_intake: EventIntake | None

    def handle_new_events(
        self, entries: Sequence[EventLogEntry], *, epoch: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Store entries with all that follows from them in one transaction, then tell listeners and hooks.

        - Values of secrets are replaced before anything is stored.
        - What listeners and hooks do comes after the commit and cannot undo it.
        - Acknowledged means durable: what a call has returned for survives the end of the process. While the storage is
          away, that is by a file of this machine, from which the entries are stored, once each and in order, when it is
          back: see `EventIntake`. Until then their records have the storage id -1; listeners and hooks are called, by a
          thread of its own, once they are stored.

        Args:
            entries: What happened, oldest first.
            epoch: The caller's claim on the run; run events of an old claim are kept as late.

        Raises:
            SpoolFullError: The storage has been away for longer, or more waits for it, than `event_spool` allows.
            StorageError: The storage refuses the entries; or it is away, and nothing may wait for it.
        """
        clean = [_without_secrets(entry) for entry in entries] if has_secrets() else entries
        return self._intake.store(clean, epoch) if clean else []

    def handle_new_event(self, entry: EventLogEntry) -> EventLogRecord:
        """Store one entry. As `handle_new_events`."""
        return self.handle_new_events([entry])[0]

    def get_settled_run(self, run_id: str) -> Run | None:
        """Return the stored run, or None, once all events that this process has written are stored.

        Waits for a storage that is away as long as events may wait for it.

        Raises:
            StorageUnavailableError: The storage has been away for longer.
        """
        self._intake.settle()
        with self._intake.patience():
            return self.run_storage.get_run_by_id(run_id)

    def report_event(
        self, event: Event, run_id: str, log_level: int | str = "INFO", timestamp: float | None = None
    ) -> None:
        """Store one event of a run; the run's status follows when the event implies one.

        Args:
            event: What happened.
            run_id: The run; one that is not stored is no error.
            log_level: A level of Python's logging, as a number or a name.
            timestamp: When, in seconds since 1970; now when left out.
        """
        self.handle_new_event(event_entry(event, run_id, log_level, timestamp))

    def report_engine_event(
        self,
        message: str,
        run: Run | None = None,
        engine_event_data: EngineEventData | None = None,
        cls: type | None = None,
        step_key: str | None = None,
        job_name: str | None = None,
        run_id: str | None = None,
    ) -> Event:
        """Store what the framework did or met, and return the event.

        - `cls` puts its name before the message. An error in the data makes the level ERROR.
        - `run_id` and `job_name` win over those of `run`.

        Raises:
            InvalidArgumentError: Neither a run nor both a job name and a run id are given.
        """
        job = job_name if job_name is not None or run is None else run.job_name
        target = run_id if run_id is not None or run is None else run.run_id
        if job is None or target is None:
            raise InvalidArgumentError("report_engine_event needs a run, or both job_name and run_id")
        data = engine_event_data or EngineEventData()
        text = message if cls is None else f"[{cls.__name__}] {message}"
        event = Event(EventType.ENGINE_EVENT, job, step_key, text, data)
        self.report_event(event, target, "INFO" if data.error is None else "ERROR")
        return event

    def report_run_canceling(self, run: Run, message: str | None = None) -> Event:
        """Say that the run is being canceled."""
        text = message or "The run is being canceled."
        return self._report_run_event(Event(EventType.RUN_CANCELING, run.job_name, message=text), run, "INFO")

    def report_run_canceled(self, run: Run, message: str | None = None) -> Event:
        """Say that the run was canceled; its status becomes CANCELED."""
        event = Event(
            EventType.RUN_CANCELED,
            run.job_name,
            message=message or "The run was canceled.",
            event_specific_data=RunCanceledData(),
        )
        return self._report_run_event(event, run, "ERROR")

    def report_run_failed(
        self, run: Run, message: str | None = None, job_failure_data: RunFailureData | None = None
    ) -> Event:
        """Say that the run failed; its status becomes FAILURE, with the reason as a tag."""
        event = Event(
            EventType.RUN_FAILURE,
            run.job_name,
            message=message or "The run failed.",
            event_specific_data=job_failure_data or RunFailureData(),
        )
        return self._report_run_event(event, run, "ERROR")

    def get_records_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: EventType | Collection[EventType] | None = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> EventLogConnection:
        """Return a page of a run's log. As `EventLog.get_records_for_run`."""
        return self.event_log_storage.get_records_for_run(run_id, cursor, of_type, limit, ascending)

    def all_logs(
        self, run_id: str, of_type: EventType | Collection[EventType] | None = None
    ) -> Sequence[EventLogEntry]:
        """Return a run's whole log, oldest first."""
        return self.event_log_storage.get_logs_for_run(run_id, of_type=of_type)

    def logs_after(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: EventType | Collection[EventType] | None = None,
        limit: int | None = None,
    ) -> Sequence[EventLogEntry]:
        """Return the entries of a run that follow `cursor`, oldest first."""
        return self.event_log_storage.get_logs_for_run(run_id, cursor, of_type, limit)

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        """Return events of all runs. As `EventLog.get_event_records`."""
        return self.event_log_storage.get_event_records(event_records_filter, limit, ascending)

    def fetch_run_status_changes(
        self,
        records_filter: EventType | RunStatusChangeRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the run status events of all runs. As `EventLog.fetch_run_status_changes`."""
        return self.event_log_storage.fetch_run_status_changes(records_filter, limit, cursor, ascending)

    def watch_event_logs(self, run_id: str, cursor: str | None, callback: EventCallback) -> None:
        """Call `callback` with every entry of a run, whoever stores it. As `EventLog.watch`."""
        self.event_log_storage.watch(run_id, cursor, callback)

    def end_watch_event_logs(self, run_id: str, callback: EventCallback) -> None:
        """End what `watch_event_logs` began. As `EventLog.end_watch`."""
        self.event_log_storage.end_watch(run_id, callback)

    def add_event_listener(self, run_id: str, listener: EventListener) -> None:
        """Call `listener` in this process with every entry of the run that this instance stores from now on."""
        self._listeners.setdefault(run_id, []).append(listener)

    def _report_run_event(self, event: Event, run: Run, level: str) -> Event:
        self.report_event(event, run.run_id, level)
        return event

    @property
    def _intake(self) -> EventIntake:
        with self._intake_lock:
            if self._open_intake is None:
                limits = SpoolLimits.from_settings(self._settings.get("event_spool", {}))
                self._open_intake = EventIntake(self.storage, self._home, limits, self._announce)
            return self._open_intake

    def _adopt_events(self) -> None:
        """Bring in, in the background, events that processes which are gone have left on the disk."""
        if self._home is None or not spool_files(self._home):
            return
        with suppress(RunrackError):  # a storage that cannot be used is told to whoever uses it
            self._intake.adopt()

    def _close_intake(self) -> None:
        with self._intake_lock:
            intake, self._open_intake = self._open_intake, None
        if intake is not None:
            intake.close()

    def _announce(self, records: Sequence[EventLogRecord]) -> None:
        self.event_log_storage.wake_watches()
        for record in records:
            for listener in self._listeners.get(record.run_id, ()):
                listener(record.event_log_entry)
        if not self._hooks.has_listeners:
            return
        self._hooks.call("events_stored", records=records)
        for record in records:
            self._announce_change(record)

    def _announce_change(self, record: EventLogRecord) -> None:
        event = record.event_log_entry.event
        if event is None or record.late or not (event.is_run_event or event.event_type in _STEP_ENDS):
            return
        run = self.run_storage.get_run_by_id(record.run_id)
        if run is not None:
            self._hooks.call(
                "run_status_changed" if event.is_run_event else "step_finished", run=run, event=event
            )


def _without_secrets(entry: EventLogEntry) -> EventLogEntry:
    text = encode(entry)
    if redact(text) == text:
        return entry
    clean = _redacted(msgspec.json.decode(text))
    return decode_event(msgspec.json.encode(clean).decode())


def _redacted(value: Any) -> Any:
    """Return plain data with every text in it redacted; keys that may be names of fields stay, whatever a secret is."""
    if isinstance(value, dict):
        return {key if key.isidentifier() else redact(key): _redacted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_redacted(item) for item in value]
    return redact(value) if isinstance(value, str) else value
