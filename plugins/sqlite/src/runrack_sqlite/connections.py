"""Connections: what one process has open on one SQLite file: one connection that writes, and as many as read at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from runrack.errors import ExecutionInterruptedError
from runrack_sqlite.file_lock import FileLock

_INTERRUPTIONS = (KeyboardInterrupt, ExecutionInterruptedError)


class Connections:
    """Hands out connections: the writer to one thread of the machine at a time, readers to whoever asks.

    Closing takes the writers' lock: the last connection that is closed moves the write-ahead log into the database,
    which must not meet a commit (SQLite before 3.51.3 can damage the file then).

    A connection that a signal broke into is not used again: as long as somebody has the exception, its statement is open,
    and everything that is read there is as it was at that moment.

    Args:
        lock: What all writers of the machine wait for.
        open_writer: Opens a connection that may change the database.
        open_reader: Opens one that may not.
    """

    def __init__(
        self, lock: FileLock, open_writer: Callable[[], Connection], open_reader: Callable[[], Connection]
    ) -> None:
        self._lock = lock
        self._open_writer = open_writer
        self._open_reader = open_reader
        self._writer: Connection | None = None
        self._idle_readers: list[Connection] = []
        self._interrupted: list[Connection] = []
        self._reset()

    def _reset(self) -> None:
        self._turn = threading.Lock()
        self._readers_changed = threading.Condition()
        self._busy_readers = 0

    @contextmanager
    def writer(self) -> Iterator[Connection]:
        """Give the connection that writes, when all who asked before have finished."""
        with self._turn, self._lock.held():
            if self._writer is None:
                self._writer = self._open_writer()
            try:
                yield self._writer
            except _INTERRUPTIONS:
                self._interrupted.append(self._writer)
                self._writer = None
                raise

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """Give a connection that reads; never waits for a writer."""
        with self._readers_changed:
            conn = self._idle_readers.pop() if self._idle_readers else None
            self._busy_readers += 1
        kept_in = self._idle_readers
        try:
            if conn is None:
                conn = self._open_reader()
            yield conn
        except _INTERRUPTIONS:
            kept_in = self._interrupted
            raise
        finally:
            with self._readers_changed:
                if conn is not None:
                    kept_in.append(conn)
                self._busy_readers -= 1
                self._readers_changed.notify_all()

    def close(self) -> None:
        """Close all connections that nobody uses just now; the next use opens new ones."""
        with self._turn, self._readers_changed:
            self._close_idle()

    def before_fork(self) -> None:
        """As `Forkable.before_fork`."""
        self._turn.acquire()
        self._readers_changed.acquire()
        self._readers_changed.wait_for(lambda: self._busy_readers == 0)
        self._close_idle()

    def after_fork_in_parent(self) -> None:
        """As `Forkable.after_fork_in_parent`."""
        self._readers_changed.release()
        self._turn.release()

    def after_fork_in_child(self) -> None:
        """As `Forkable.after_fork_in_child`."""
        self._reset()

    def _close_idle(self) -> None:
        idle = [*self._idle_readers, *self._interrupted, *([] if self._writer is None else [self._writer])]
        if not idle:
            return
        with self._lock.held():
            for conn in idle:
                conn.close()
        self._lock.close()
        self._idle_readers.clear()
        self._interrupted.clear()
        self._writer = None
