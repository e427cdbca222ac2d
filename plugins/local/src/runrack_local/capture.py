"""Capturing what this process and its children write to standard output and standard error."""

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import TextIO

from runrack.errors import InvariantViolationError
from runrack.interfaces.compute_log_manager import ComputeIOType
from runrack_local.c_streams import flush_c_stream
from runrack_local.mirror import DescriptorSink, Mirror, Sink, TextSink

_DESCRIPTORS = {ComputeIOType.STDOUT: 1, ComputeIOType.STDERR: 2}
_REDIRECTIONS = {ComputeIOType.STDOUT: redirect_stdout, ComputeIOType.STDERR: redirect_stderr}

_standard_streams = threading.RLock()
"""Held by the thread that captures: the standard streams belong to the process, not to a thread."""


@contextmanager
def captured(files: Mapping[ComputeIOType, int], *, mirror: bool) -> Iterator[None]:
    """Return a context in which the standard streams of this process lead into files.

    - Descriptors 1 and 2 are redirected, so what C code and children write is captured as well. A child that outlives
      the context goes on writing into the file.
    - `sys.stdout` and `sys.stderr` write to them line by line meanwhile, also where a notebook or a test runner has
      replaced them: a line that was printed is in the file, whatever happens to the process next.
    - One thread captures at a time. The same thread may nest: the inner capture gets the output, and the outer one
      what the inner one mirrors.
    - With `mirror`, what is captured also goes where it would have gone, a moment later, and all of it before the context ends.

    Args:
        files: Descriptor of the file for each stream, open for reading and for appending.
        mirror: Whether the output is also shown.

    Raises:
        InvariantViolationError: Another thread of this process captures.
    """
    if not _standard_streams.acquire(blocking=False):
        raise InvariantViolationError(
            "another thread of this process captures its output already, and stdout and stderr belong to the whole"
            " process: run steps that overlap in processes of their own"
        )
    try:
        with ExitStack() as stack:
            streams = [_StandardStream(io_type, file, stack) for io_type, file in files.items()]
            if mirror:
                # Ends after the streams lead back and before their originals are closed: it misses nothing.
                stack.callback(Mirror([(stream.file, stream.sink()) for stream in streams]).stop)
            for stream in streams:
                stream.redirect(stack)
            yield
    finally:
        _standard_streams.release()


class _StandardStream:
    """One of the standard streams, as it was before the capture.

    Attributes:
        file: Descriptor of the file that it will lead into.
    """

    def __init__(self, io_type: ComputeIOType, file: int, stack: ExitStack) -> None:
        self.file = file
        self._io_type = io_type
        self._descriptor = _DESCRIPTORS[io_type]
        self._python_stream: TextIO | None = getattr(sys, io_type.value)
        self._original = os.dup(self._descriptor)
        stack.callback(os.close, self._original)

    def sink(self) -> Sink:
        """Where the stream led so far."""
        if self._python_stream is None or _writes_to(self._python_stream, self._descriptor):
            return DescriptorSink(self._original)
        return TextSink(self._python_stream)

    def redirect(self, stack: ExitStack) -> None:
        """Lead the stream into the file until the stack is closed."""
        self._flush(self._python_stream)
        stack.callback(os.dup2, self._original, self._descriptor)
        os.dup2(self.file, self._descriptor)
        # Never closed: a logging handler made meanwhile may hold on to it, and writes to the original then.
        writer = open(self._descriptor, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115
        stack.callback(self._flush, self._python_stream, writer)
        stack.enter_context(_REDIRECTIONS[self._io_type](writer))

    def _flush(self, *streams: TextIO | None) -> None:
        """Write out what Python and C hold back, to wherever the descriptor leads now."""
        for stream in (*streams, getattr(sys, f"__{self._io_type.value}__")):
            if stream is not None:
                with suppress(OSError, ValueError):
                    stream.flush()
        flush_c_stream(self._io_type.value)


def _writes_to(stream: TextIO, descriptor: int) -> bool:
    try:
        return stream.fileno() == descriptor
    except (AttributeError, OSError, ValueError):
        return False
