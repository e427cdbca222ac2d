"""The output buffers of the C library, which Python's own flushing does not reach."""

import sys
from collections.abc import Callable
from functools import cache

_SYMBOL = "__{}p" if sys.platform == "darwin" else "{}"


def flush_c_stream(name: str) -> None:
    """Write out what C code in this process has printed to a stream so far.

    Each stream by itself: flushing all at once would wait for a thread that reads standard input.

    Args:
        name: `stdout` or `stderr`.
    """
    _flusher(name)()


@cache
def _flusher(name: str) -> Callable[[], object]:
    import ctypes

    library = ctypes.CDLL(None)
    stream = ctypes.c_void_p.in_dll(library, _SYMBOL.format(name))
    return lambda: library.fflush(stream)
