"""The border between the framework and the user's code: what comes out of the latter is wrapped, once."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, NoReturn, Protocol
from uuid import uuid4

from typing_extensions import override

from runrack.definitions.output import Failure
from runrack.errors import (
    ExecutionInterruptedError,
    InvalidArgumentError,
    RedactedUserCodeError,
    RunrackError,
    UserCodeExecutionError,
)

REDACT_VARIABLE = "RUNRACK_REDACT_USER_CODE_ERRORS"
"""When this is 1, true or t, what the user's code raises is kept out of events; it goes to a logger instead."""

LOGGER_VARIABLE = "RUNRACK_REDACTED_ERROR_LOGGER_NAME"
"""The name of that logger; `runrack.redacted_errors` when unset."""

_TOLD_ON_PURPOSE = (Failure, KeyboardInterrupt, ExecutionInterruptedError)
"""What keeps its text also where errors are redacted."""


class PythonLogCapture(Protocol):
    """Takes over what Python loggers say while the user's code runs."""

    def begin_python_log_capture(self) -> None:
        """Begin."""
        ...

    def end_python_log_capture(self) -> None:
        """End; called however the user's code ended."""
        ...


def user_code_error_boundary(
    error_cls: type[UserCodeExecutionError],
    msg_fn: Callable[[], str],
    log_manager: PythonLogCapture | None = None,
    **kwargs: Any,
) -> AbstractContextManager[None]:
    """Return a context in which the user's code may run.

    - An `Exception` becomes an `error_cls` that has it as its cause and keeps its stack.
    - An error of runrack's family passes unchanged, and so does what is no `Exception`: KeyboardInterrupt, SystemExit,
      an interruption.
    - Where errors are redacted, the cause is a RedactedUserCodeError that names an id, and the exception is written in full
      to a logger, with the same id. A `Failure` or an interruption keeps its class and text; only its stack and its
      causes are lost. What an inner boundary made is redacted already and keeps its id.

    Args:
        error_cls: What to raise.
        msg_fn: Gives the message; called only for an exception.
        log_manager: Takes over Python logging meanwhile.
        kwargs: Further arguments of `error_cls`.

    Raises:
        InvalidArgumentError: `msg_fn` is not callable, or `error_cls` is no kind of UserCodeExecutionError.
    """
    _check_arguments(error_cls, msg_fn)
    return _Boundary(functools.partial(error_cls, **kwargs), msg_fn, log_manager)


class _Boundary(AbstractContextManager[None]):
    """The context; a class, because a generator's context would give an exception its stack back."""

    def __init__(
        self,
        make_error: Callable[..., UserCodeExecutionError],
        msg_fn: Callable[[], str],
        log_manager: PythonLogCapture | None,
    ) -> None:
        self._make_error = make_error
        self._msg_fn = msg_fn
        self._log_manager = log_manager

    @override
    def __enter__(self) -> None:
        if self._log_manager is not None:
            self._log_manager.begin_python_log_capture()

    @override
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._log_manager is not None:
            self._log_manager.end_python_log_capture()
        if isinstance(error, Exception) and not isinstance(error, RunrackError):
            self._raise_wrapped(error)
        if isinstance(error, _TOLD_ON_PURPOSE) and _is_redacting():
            _strip(error)

    def _raise_wrapped(self, error: Exception) -> NoReturn:
        cause = _redacted(error) if _is_redacting() else error
        exc_info = (type(cause), cause, cause.__traceback__)
        wrapped = self._make_error(self._msg_fn(), user_exception=cause, original_exc_info=exc_info)
        try:
            raise wrapped from cause
        finally:
            if cause is not error:
                wrapped.__context__ = None  # Python has set it to the very error that is to be kept out


def _strip(error: BaseException) -> None:
    _log_in_full(error)
    error.__traceback__ = error.__cause__ = error.__context__ = None


def _check_arguments(error_cls: object, msg_fn: object) -> None:
    if not isinstance(error_cls, type) or not issubclass(error_cls, UserCodeExecutionError):
        raise InvalidArgumentError(
            "error_cls of an error boundary is a class that derives from UserCodeExecutionError"
        )
    if not callable(msg_fn):
        raise InvalidArgumentError(
            "msg_fn of an error boundary is called only when there is an error: pass a function, lambda: '…'"
        )


def _is_redacting() -> bool:
    return os.environ.get(REDACT_VARIABLE, "").lower() in {"1", "true", "t"}


def _redacted(error: BaseException) -> RedactedUserCodeError:
    error_id = _log_in_full(error)
    return RedactedUserCodeError(
        f"the error of the user's code is not shown here: search the logs for error id {error_id}"
    )


def _log_in_full(error: BaseException) -> str:
    error_id = str(uuid4())
    logger = logging.getLogger(os.environ.get(LOGGER_VARIABLE) or "runrack.redacted_errors")
    logger.error("error id %s: an error of the user's code", error_id, exc_info=error)
    return error_id
