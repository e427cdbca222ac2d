"""Mirror: shows a file that grows, as it grows, where its content would have gone."""

import codecs
import os
import select
import threading
from abc import ABC, abstractmethod
from typing import TextIO

from typing_extensions import override

_INTERVAL_SECONDS = 0.05
_PIECE_BYTES = 1 << 20


class Sink(ABC):
    """Where a mirror writes to."""

    @abstractmethod
    def write(self, piece: bytes) -> None:
        """Take all bytes of the piece."""


class DescriptorSink(Sink):
    """A file descriptor: a terminal, a pipe, a file. Also one that its reader made non-blocking."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @override
    def write(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])


class TextSink(Sink):
    """A text stream that stands in for standard output and writes somewhere else: a notebook's, a test runner's."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @override
    def write(self, piece: bytes) -> None:
        self._stream.write(self._decoder.decode(piece))
        self._stream.flush()


class Mirror:
    """Copies what is added to files into their sinks, until stopped.

    - One thread follows all files. What is added to one of them arrives in order; `stop` returns when all of it has arrived.
    - A sink that fails (a closed pipe) is left alone from then on: the files are what counts.

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
        while not self._stopping.wait(_INTERVAL_SECONDS):
            self._copy()
        self._copy()

    def _copy(self) -> None:
        for followed in self._followed:
            followed.copy()


class _Followed:
    """One file, how far it was copied, and where to."""

    def __init__(self, descriptor: int, sink: Sink) -> None:
        self._descriptor = descriptor
        self._sink: Sink | None = sink
        self._offset = os.fstat(descriptor).st_size

    def copy(self) -> None:
        end = os.fstat(self._descriptor).st_size
        while self._sink is not None and self._offset < end:
            piece = os.pread(self._descriptor, min(_PIECE_BYTES, end - self._offset), self._offset)
            if not piece:
                return
            self._offset += len(piece)
            try:
                self._sink.write(piece)
            except (OSError, ValueError):
                self._sink = None
