"""RunLog: the logger that the user's code gets as `context.log`."""

from __future__ import annotations

import logging

from typing_extensions import override

from runrack.config.secret import has_secrets, redact
from runrack.definitions.user_stack import user_error_info
from runrack.engine.event_writer import EventWriter

LOGGER_NAME = "runrack.run"
"""The Python logger that everything goes to as well, for handlers of the process."""


class RunLog(logging.Logger):
    """Writes messages to a run's log, and hands them to the Python logger `runrack.run`, secrets replaced.

    Args:
        writer: Where the messages go.
        step_key: The step that they come from.
    """

    def __init__(self, writer: EventWriter, step_key: str | None = None) -> None:
        super().__init__(LOGGER_NAME, logging.DEBUG)
        self.parent = logging.getLogger(LOGGER_NAME)
        self.addFilter(_without_secrets)
        self.addHandler(_EventHandler(writer, step_key))


class _EventHandler(logging.Handler):
    def __init__(self, writer: EventWriter, step_key: str | None) -> None:
        super().__init__()
        self._writer = writer
        self._step_key = step_key

    @override
    def handle(self, record: logging.LogRecord) -> bool:
        write_record(self._writer, self._step_key, record)
        return True


def write_record(writer: EventWriter, step_key: str | None, record: logging.LogRecord) -> None:
    """Write what a Python logger was told as a message of the run, or of one of its steps."""
    error = record.exc_info[1] if record.exc_info else None
    info = None if error is None else user_error_info(error)
    writer.write_message(record.getMessage(), record.levelno, step_key, info, record.created)


def _without_secrets(record: logging.LogRecord) -> bool:
    if has_secrets():
        record.msg = redact(record.getMessage())
        record.args = None
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
    return True
