"""Mirror: shows a file that grows, as it grows, where its content would have gone."""

import codecs
import os
import select
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TextIO

from typing_extensions import override

_INTERVAL_SECONDS = 0.05
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

    - One thread follows all files. What is added to one of them arrives in order; `stop` returns when all of it has arrived.
    - A sink that fails (a closed pipe) is left alone from then on: the files are what counts.
    - The thread works on descriptors of its own and closes them itself. So it harms nobody when the wait for it is interrupted.

    Args:
        files: Readable descriptors of the files, each with its sink. Followed from their ends of now.
    """

    def __init__(self, files: list[tuple[int, Sink]]) -> None:
        self._followed = [_Followed(descriptor, sink) for descriptor, sink in files]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="runrack-log-mirror", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Copy what is there by now, and end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopping.wait(_INTERVAL_SECONDS):
                self._copy()
            self._copy()
        finally:
            for followed in self._followed:
                followed.close()

    def _copy(self) -> None:
        for followed in self._followed:
            followed.copy()


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
