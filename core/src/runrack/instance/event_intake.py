"""EventIntake: the way of events into the storage, over this machine's disk while the storage is away."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import groupby
from pathlib import Path

from runrack.errors import (
    InvalidArgumentError,
    RecordDecodeError,
    SpoolFullError,
    StorageError,
    StorageOutcomeUnknownError,
    StorageUnavailableError,
)
from runrack.instance.event_spool import FOLDER, SpooledCall, SpoolFile, epoch_of_line, spool_files
from runrack.instance.spool_settings import SpoolLimits
from runrack.interfaces.event_log import NO_RECORD
from runrack.interfaces.storage import Storage, SupportsPatience
from runrack.records.event import EventLogEntry, EventLogRecord

PATIENCE_SECONDS = 2.0
"""How long a call waits for a storage that is away before its events go to the disk."""

CLOSE_SECONDS = 5.0
"""How long an instance that is closed waits for events on the disk to be brought in."""

_PAUSE_SECONDS = 0.5
_LINES_TOGETHER = 100
_AWAY = (StorageUnavailableError, StorageOutcomeUnknownError)
_logger = logging.getLogger("runrack")


class EventIntake:
    """Stores events; while the storage is away, it keeps them on this machine's disk and brings them in afterwards.

    - Acknowledged means durable: a call that returns has its events in the storage, or, when the storage has been away for
      two seconds, in a file below `<home>/spool`, synced to the disk.
    - Events of the file are stored in their order, each once, as soon as the storage is back; what this process stores
      meanwhile queues behind them. Order between processes is not kept.
    - The file of a process that died is brought in by the next process that opens an instance of the home.
    - Only a storage that is away, or whose answer to a commit was lost, lets events wait; an event that it refuses is an
      error of the call. If it refuses one that has waited, the event goes to a `.refused` file beside, with an error in
      the log of Python, and the others go on.
    - The file is limited in size, and the outage in time: after that, calls raise.
    - A storage that cannot be away, and an instance without a home, have no such file.

    Args:
        storage: Where the events go.
        home: The folder of the instance; None when there is none.
        limits: How much may wait.
        announce: Called with records once they are stored; for those that have waited, by a thread of its own.
    """

    def __init__(
        self,
        storage: Storage,
        home: Path | None,
        limits: SpoolLimits,
        announce: Callable[[Sequence[EventLogRecord]], None],
    ) -> None:
        self._storage = storage
        self._folder = Path() if home is None else home / FOLDER
        self._limits = limits
        self._announce = announce
        may_wait = home is not None and limits.max_mb > 0 and limits.max_seconds > 0
        self._spools = may_wait and isinstance(storage, SupportsPatience) and storage.patience_seconds > 0
        self._file: SpoolFile | None = None
        self._outage_began = 0.0
        self._start_anew()
        _intakes.add(self)

    def store(self, entries: Sequence[EventLogEntry], epoch: int | None) -> Sequence[EventLogRecord]:
        """Store the entries in one transaction, or leave them to be stored, and return their records in order.

        The records of entries that wait have the storage id -1.

        Raises:
            SpoolFullError: The storage has been away for too long, or too much waits already.
            StorageError: The storage refuses the entries; or it is away, and nothing may wait.
        """
        cause: StorageError | None = None
        if self._file is None:
            try:
                with self._patience(PATIENCE_SECONDS):
                    records = self._storage.store_events(entries, epoch=epoch)
            except _AWAY as error:
                if not self._spools:
                    raise
                cause = error
            else:
                self._announce(records)
                return records
        self._put_aside(SpooledCall(epoch, entries).to_line(), cause)
        return [EventLogRecord(NO_RECORD, entry, late=False) for entry in entries]

    def adopt(self) -> None:
        """Bring in, in the background, what processes that are gone have left on the disk."""
        if self._spools:
            self._start(self._bring_in_left_behind)

    def settle(self) -> None:
        """Wait until all that this process has written is stored.

        Raises:
            SpoolFullError: The storage has been away for too long.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._file is None, self._limits.max_seconds):
                raise self._full("has been away for longer than")

    def patience(self) -> AbstractContextManager[None]:
        """Return a context in which calls of this thread wait for the storage as long as events may wait for it."""
        return self._patience(self._limits.max_seconds)

    def close(self, patience_seconds: float = CLOSE_SECONDS) -> None:
        """Stop; what still waits on the disk after `patience_seconds` is left to the next process that opens the home.

        Harmless when repeated.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._file is None, patience_seconds)
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        if self._file is not None:
            _logger.warning("events wait on the disk for a storage that is away: %s", self._file.path)
            self._file.close()
            self._file = None

    def forget_parent(self) -> None:
        """Leave to the parent what it has put aside before it forked this process off."""
        if self._file is not None:
            self._file.close()  # the parent keeps its lock: it has a descriptor of its own
            self._file = None
        self._start_anew()

    def _start_anew(self) -> None:
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def _patience(self, seconds: float) -> AbstractContextManager[None]:
        if self._spools and isinstance(self._storage, SupportsPatience):
            return self._storage.patience(seconds)
        return nullcontext()

    def _put_aside(self, line: bytes, cause: StorageError | None) -> None:
        with self._changed:
            try:
                self._make_room(len(line)).append(line)
            except OSError as error:
                raise SpoolFullError(
                    f"the storage is away, and its events cannot be kept in {self._folder} ({error.strerror}):"
                    " start the database, or free some space"
                ) from (cause or error)

    def _make_room(self, size: int) -> SpoolFile:
        """Return the file with room for a line, made now if there is none."""
        if self._file is None:
            self._file = SpoolFile.create(self._folder)
            self._outage_began = time.monotonic()
            _logger.warning("the storage is away: events are kept in %s until it is back", self._file.path)
            self._start(partial(self._bring_in_own, self._file))
        if time.monotonic() > self._outage_began + self._limits.max_seconds:
            raise self._full("has been away for longer than")
        if self._file.size + size > self._limits.max_mb * 2**20:
            raise self._full("is away, and more waits for it than")
        return self._file

    def _full(self, what: str) -> SpoolFullError:
        return SpoolFullError(
            f"the storage {what} `event_spool` allows (max_mb: {self._limits.max_mb},"
            f" max_seconds: {self._limits.max_seconds}): start the database; what waits is stored then"
        )

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="runrack-spool", daemon=True)
        self._threads = [other for other in self._threads if other.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _bring_in_own(self, file: SpoolFile) -> None:
        while not self._closing.wait(0 if self._bring_in(file) else _PAUSE_SECONDS):
            with self._changed:
                if not file.read_lines():
                    file.remove()
                    self._file = None
                    self._changed.notify_all()
                    return

    def _bring_in_left_behind(self) -> None:
        for path in spool_files(self._folder.parent):
            file = SpoolFile.claim(path)
            if file is None:
                continue
            while not self._closing.is_set() and file.read_lines():
                if not self._bring_in(file):
                    self._closing.wait(_PAUSE_SECONDS)
            if file.read_lines():
                file.close()
                return
            file.remove()

    def _bring_in(self, file: SpoolFile) -> bool:
        """Store the next lines of the file, and tell whether the storage took or refused them."""
        with self._changed:
            lines = file.read_lines()
        for _, of_epoch in groupby(lines, key=epoch_of_line):
            group = list(of_epoch)
            for start in range(0, len(group), _LINES_TOGETHER):
                if self._closing.is_set() or not self._store_lines(
                    file, group[start : start + _LINES_TOGETHER]
                ):
                    return False
        return True

    def _store_lines(self, file: SpoolFile, lines: Sequence[bytes]) -> bool:
        """Store lines of one epoch in one transaction, and tell whether the storage took or refused them."""
        try:
            calls = [SpooledCall.from_line(line) for line in lines]
            entries = [entry for call in calls for entry in call.entries]
            with self._patience(0):
                records = self._storage.store_events(entries, epoch=calls[0].epoch)
        except (RecordDecodeError, InvalidArgumentError):
            if len(lines) > 1:
                return all(self._store_lines(file, [line]) for line in lines)
            kept = file.refuse(lines[0])
            _logger.exception("an event that has waited cannot be stored: it is kept in %s", kept)
            records = []
        except StorageError:
            return False
        file.position += sum(map(len, lines))
        self._tell(records)
        return True

    def _tell(self, records: Sequence[EventLogRecord]) -> None:
        try:
            self._announce(records)
        except Exception:
            _logger.exception("a listener failed for events that have waited and are stored now")


_intakes: weakref.WeakSet[EventIntake] = weakref.WeakSet()


def _forget_parent() -> None:
    for intake in list(_intakes):
        intake.forget_parent()


os.register_at_fork(after_in_child=_forget_parent)
