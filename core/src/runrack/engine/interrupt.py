"""Signals that end a run: SIGINT and SIGTERM become an exception, but never in the middle of a write."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

from typing_extensions import override

from runrack.errors import ExecutionInterruptedError

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Shield:
    """How many shields the main thread stands behind, and the signal that came meanwhile."""

    depth = 0
    pending: int | None = None


def _on_signal(number: int, _frame: FrameType | None) -> None:
    if _Shield.depth:
        _Shield.pending = number
    else:
        raise _interruption(number)


def _interruption(number: int) -> ExecutionInterruptedError:
    return ExecutionInterruptedError(f"interrupted by {signal.Signals(number).name}")


def is_main_thread() -> bool:
    """Tell whether signals reach the calling thread."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def raising_interrupts() -> Iterator[None]:
    """Return a context in which SIGINT and SIGTERM raise ExecutionInterruptedError.

    Signals reach the main thread only; in any other, this changes nothing.
    """
    if not is_main_thread():
        yield
        return
    previous = {number: signal.signal(number, _on_signal) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def exposed() -> Iterator[None]:
    """Return a context behind a shield in which a signal raises at once, for code of the user's that may hang.

    A signal that came before is still held back.
    """
    if not is_main_thread():
        yield
        return
    depth, _Shield.depth = _Shield.depth, 0
    try:
        yield
    finally:
        _Shield.depth = depth


class _Shielding(AbstractContextManager[None]):
    """A context that holds signals back; entered for every event, so it is no generator."""

    @override
    def __enter__(self) -> None:
        if is_main_thread():
            _Shield.depth += 1

    @override
    def __exit__(self, *_exception: object) -> None:
        if not is_main_thread():
            return
        _Shield.depth -= 1
        number = _Shield.pending
        if not _Shield.depth and number is not None:
            _Shield.pending = None
            raise _interruption(number)


_shielding = _Shielding()


def shielded() -> AbstractContextManager[None]:
    """Return a context that such a signal does not break into: it is raised when the outermost one ends."""
    return _shielding
