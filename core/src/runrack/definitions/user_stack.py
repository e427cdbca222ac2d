"""The user's own part of a stack: what a reader of an error wants to see."""

from __future__ import annotations

import contextlib
import importlib
from pathlib import Path
from types import TracebackType

import msgspec

from runrack.config.secret import has_secrets, redact
from runrack.errors import UserCodeExecutionError
from runrack.records.error_info import (
    SerializableErrorInfo,
    error_info_from_exception,
    serializable_error_info_from_exc_info,
)

_FRAMEWORK_FOLDER = f"{Path(__file__).parents[1]}/"
_MACHINERY = frozenset({contextlib.__file__, importlib.__file__})
_FROZEN_IMPORT = "<frozen importlib"


def without_framework_frames(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame on that is the user's; all of it when no frame is."""
    found = trace
    while found is not None and _is_framework(found.tb_frame.f_code.co_filename):
        found = found.tb_next
    return found if found is not None else trace


def user_error_info(error: BaseException) -> SerializableErrorInfo:
    """Return an error that ended user code, as data: without the framework's frames and without secrets.

    An error that the error boundary made has no stack of its own: its cause, the user's exception, has.
    """
    if isinstance(error, UserCodeExecutionError):
        cause = _own_info(error.user_exception)
        info = msgspec.structs.replace(error_info_from_exception(error), stack=(), cause=cause)
    else:
        info = _own_info(error)
    return redact_error_info(info)


def redact_error_info(info: SerializableErrorInfo) -> SerializableErrorInfo:
    """Return the error with every registered secret replaced in its texts, also in those of its causes."""
    if not has_secrets():
        return info
    return msgspec.structs.replace(
        info,
        message=redact(info.message),
        stack=tuple(map(redact, info.stack)),
        cause=None if info.cause is None else redact_error_info(info.cause),
    )


def _own_info(error: BaseException) -> SerializableErrorInfo:
    trace = without_framework_frames(error.__traceback__)
    return serializable_error_info_from_exc_info((type(error), error, trace))


def _is_framework(file_name: str) -> bool:
    return file_name.startswith((_FRAMEWORK_FOLDER, _FROZEN_IMPORT)) or file_name in _MACHINERY
