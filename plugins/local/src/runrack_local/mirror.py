"""Mirror: shows a file that grows, as it grows, where its content would have gone."""

import codecs
import os
import select
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TextIO

from typing_extensions import override

_INTERVAL_SECONDS = 0.05
_IDLE_ROUNDS = 20  # a thread is not started anew for each of many short steps
_PIECE_BYTES = 1 << 20


class Sink(ABC):
    """Where a mirror writes to."""

    @abstractmethod
    def write(self, piece: bytes) -> None:
        """Take all bytes of the piece."""

    @abstractmethod
    def close(self) -> None:
        """Finish what was begun, and let go of what the sink holds."""


class DescriptorSink(Sink):
    """A file descriptor: a terminal, a pipe, a file. Also one that its reader made non-blocking."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = os.dup(descriptor)

    @override
    def write(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])

    @override
    def close(self) -> None:
        os.close(self._descriptor)


class TextSink(Sink):
    """A text stream that stands in for standard output and writes somewhere else: a notebook's, a test runner's."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @override
    def write(self, piece: bytes) -> None:
        self._show(self._decoder.decode(piece))

    @override
    def close(self) -> None:
        with suppress(OSError, ValueError):
            self._show(self._decoder.decode(b"", final=True))

    def _show(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class Mirror:
    """Copies what is added to files into their sinks, until stopped.

    - What is added to one of the files arrives in order; `stop` returns when all of it has arrived.
    - A sink that fails (a closed pipe) is left alone from then on: the files are what counts.
    - A thread, one for all mirrors of the process, looks for what is new; `stop` copies the rest itself, so that a mirror
      of a moment wakes nobody. The thread finishes what an interruption keeps `stop` from.

    Args:
        files: Readable descriptors of the files, each with its sink. Followed from their ends of now.
    """

    def __init__(self, files: list[tuple[int, Sink]]) -> None:
        self._followed = [_Followed(descriptor, sink) for descriptor, sink in files]
        self._lock = threading.Lock()
        self._is_over = False
        _rounds.add(self)

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing more to copy, now or later."""
        return not self._followed

    def copy(self) -> None:
        """Copy what is there by now; the last time when the mirror was stopped."""
        with self._lock:
            is_last = (
                self._is_over
            )  # asked before the files are looked at: all that came before `stop` is in them
            for followed in self._followed:
                followed.copy()
            if is_last:
                finished, self._followed = self._followed, []
                for followed in finished:
                    followed.close()

    def stop(self) -> None:
        """Copy what is there by now, and end."""
        self._is_over = True
        self.copy()
        _rounds.remove(self)

    def forget_parent(self) -> None:
        """Leave the copying to the process that this one was forked off from."""
        self._followed = []
        self._lock = threading.Lock()


class _Rounds:
    """The thread that looks after the mirrors of this process again and again, while there are any."""

    _mirrors: set[Mirror]
    _lock: threading.Lock
    _has_thread: bool

    def __init__(self) -> None:
        self._start_anew()

    def add(self, mirror: Mirror) -> None:
        with self._lock:
            self._mirrors.add(mirror)
            if not self._has_thread:
                threading.Thread(target=self._run, name="runrack-log-mirror", daemon=True).start()
                self._has_thread = True

    def remove(self, mirror: Mirror) -> None:
        with self._lock:
            self._mirrors.discard(mirror)

    def forget_parent(self) -> None:
        for mirror in self._mirrors:
            mirror.forget_parent()
        self._start_anew()

    def _start_anew(self) -> None:
        self._mirrors = set()
        self._lock = threading.Lock()
        self._has_thread = False

    def _run(self) -> None:
        idle = 0
        while True:
            time.sleep(_INTERVAL_SECONDS)
            mirrors = self._next()
            idle = 0 if mirrors else idle + 1
            if idle > _IDLE_ROUNDS and self._has_ended():
                return
            for mirror in mirrors:
                mirror.copy()

    def _next(self) -> list[Mirror]:
        with self._lock:
            self._mirrors = {mirror for mirror in self._mirrors if not mirror.is_finished}
            return list(self._mirrors)

    def _has_ended(self) -> bool:
        with self._lock:
            self._has_thread = bool(self._mirrors)
            return not self._has_thread


_rounds = _Rounds()
os.register_at_fork(after_in_child=_rounds.forget_parent)


class _Followed:
    """One file, how far it was copied, and where to."""

    def __init__(self, descriptor: int, sink: Sink) -> None:
        self._descriptor = os.dup(descriptor)
        self._sink = sink
        self._is_shown = True
        self._offset = os.fstat(descriptor).st_size

    def copy(self) -> None:
        """Copy what has been added since the last time."""
        end = os.fstat(self._descriptor).st_size
        while self._is_shown and self._offset < end:
            piece = os.pread(self._descriptor, min(_PIECE_BYTES, end - self._offset), self._offset)
            if not piece:
                return
            self._offset += len(piece)
            try:
                self._sink.write(piece)
            except (OSError, ValueError):
                self._is_shown = False

    def close(self) -> None:
        """Let go of the file and of its sink."""
        os.close(self._descriptor)
        self._sink.close()
