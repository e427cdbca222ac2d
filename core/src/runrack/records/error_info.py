"""An exception as data: what it said, where it came from, and what caused it."""

import sys
import traceback
from types import TracebackType

from runrack.records.record import Record

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

MAX_CAUSES = 20


class SerializableErrorInfo(Record, frozen=True):
    """An exception that can be stored, sent to another process and shown there.

    Attributes:
        message: Class and text, as the last line of a traceback shows them.
        stack: Formatted frames, outermost first.
        cls_name: The exception's class.
        cause: The exception that it was raised from, or that it happened while handling.
    """

    message: str
    stack: tuple[str, ...] = ()
    cls_name: str | None = None
    cause: "SerializableErrorInfo | None" = None

    def to_string(self) -> str:
        """Return the traceback as text, causes last."""
        own = f"{self.message.rstrip()}\n"
        if self.stack:
            own += f"\nStack trace:\n{''.join(self.stack)}"
        if self.cause is None:
            return own
        return f"{own}\nThe above exception was caused by the following exception:\n{self.cause.to_string()}"


def serializable_error_info_from_exc_info(exc_info: ExcInfo) -> SerializableErrorInfo:
    """Return the exception of `exc_info` with its stack and its chain of causes (at most 20)."""
    return _error_info(exc_info[1], exc_info[2], MAX_CAUSES)


def error_info_from_exception(error: BaseException) -> SerializableErrorInfo:
    """Return `error` with its stack and its chain of causes (at most 20)."""
    return _error_info(error, error.__traceback__, MAX_CAUSES)


def current_error_info() -> SerializableErrorInfo:
    """Return the exception that is being handled right now."""
    error = sys.exception()
    if error is None:
        msg = "no exception is being handled"
        raise RuntimeError(msg)
    return error_info_from_exception(error)


def _error_info(error: BaseException, trace: TracebackType | None, causes_left: int) -> SerializableErrorInfo:
    cause = error.__cause__
    if cause is None and not error.__suppress_context__:
        cause = error.__context__
    return SerializableErrorInfo(
        message="".join(traceback.format_exception_only(error)),
        stack=tuple(traceback.format_tb(trace)),
        cls_name=type(error).__name__,
        cause=None
        if cause is None or causes_left == 0
        else _error_info(cause, cause.__traceback__, causes_left - 1),
    )
