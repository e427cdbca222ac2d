"""The output buffers of the C library, which Python's own flushing does not reach."""

import sys
from collections.abc import Callable
from functools import cache

_NAMES = ("__stdoutp", "__stderrp") if sys.platform == "darwin" else ("stdout", "stderr")


def flush_c_streams() -> None:
    """Write out what C code in this process has printed so far.

    Each stream by itself: flushing all at once would wait for a thread that reads standard input.
    """
    for flush in _flushers():
        flush()


@cache
def _flushers() -> list[Callable[[], object]]:
    import ctypes

    library = ctypes.CDLL(None)
    streams = [ctypes.c_void_p.in_dll(library, name) for name in _NAMES]
    return [lambda stream=stream: library.fflush(stream) for stream in streams]  # type: ignore[misc]
