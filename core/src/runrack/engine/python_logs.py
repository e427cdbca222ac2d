"""PythonLogs: what of Python's logging becomes part of a run's log, and what else takes the messages of a run."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from typing_extensions import override

from runrack.config.secret import has_secrets, redact
from runrack.engine.event_writer import EventWriter
from runrack.engine.run_log import RunLog, write_record
from runrack.errors import ConfigError

SETTING = "python_logs"
"""The key of `runrack.yaml` that configures this."""

_OWN_LOGGERS = "runrack"

_threads_with_a_run: set[int] = set()
"""What one run's thread logs belongs to no other run of this process; other threads are somebody's helpers."""


class PythonLogs(AbstractContextManager["PythonLogs"]):
    """The Python logging of one run in this process, while the context is open.

    - Messages of the managed loggers, and of those below them, become messages of the run, and of the step that is being
      executed. They still go wherever they went before. `runrack`'s own loggers are never managed.
    - Configured handlers take these messages and those of `context.log`, secrets replaced.
    - `python_log_level` holds for `context.log` and for the managed loggers; without it, each has its own level.

    Args:
        settings: What `python_logs` of `runrack.yaml` says; empty when nothing is configured.
        writer: Where messages go.

    Raises:
        ConfigError: A handler cannot be made as it is configured.
    """

    def __init__(self, settings: Mapping[str, Any], writer: EventWriter) -> None:
        self._writer = writer
        self._step_key: str | None = None
        self._level: int = logging.getLevelNamesMapping()[settings.get("python_log_level", "NOTSET")]
        self._managed = [logging.getLogger(name) for name in settings.get("managed_python_loggers", ())]
        self._handlers = _make_handlers(settings.get("handler_config", {}))
        self._open = ExitStack()

    @override
    def __enter__(self) -> PythonLogs:
        for handler in self._handlers:
            self._open.callback(handler.close)
        if self._managed:
            thread = threading.get_ident()
            _threads_with_a_run.add(thread)
            self._open.callback(_threads_with_a_run.discard, thread)
            self._manage(_ManagedHandler(self, thread))
        return self

    @override
    def __exit__(self, *_exception: object) -> None:
        self._open.close()

    def make_log(self, step_key: str | None = None) -> RunLog:
        """Return the logger of the run, or of a step."""
        log = RunLog(self._writer, step_key)
        log.setLevel(self._level or logging.DEBUG)
        for handler in self._handlers:
            log.addHandler(handler)
        return log

    @contextmanager
    def in_step(self, step_key: str) -> Iterator[None]:
        """Return a context in which managed loggers speak for a step."""
        before, self._step_key = self._step_key, step_key
        try:
            yield
        finally:
            self._step_key = before

    def take(self, record: logging.LogRecord) -> None:
        """Take a message of a managed logger."""
        write_record(self._writer, self._step_key, record)
        if self._handlers:
            shown = _without_secrets(record)
            for handler in self._handlers:
                if shown.levelno >= handler.level:
                    handler.handle(shown)

    def _manage(self, handler: logging.Handler) -> None:
        for logger in self._managed:
            logger.addHandler(handler)
            self._open.callback(logger.removeHandler, handler)
            if self._level:
                self._open.callback(logger.setLevel, logger.level)
                logger.setLevel(self._level)


class _ManagedHandler(logging.Handler):
    """Takes what managed loggers say in the thread of a run, or in one that belongs to no other."""

    def __init__(self, logs: PythonLogs, thread: int) -> None:
        super().__init__()
        self._logs = logs
        self._thread = thread
        self._last: logging.LogRecord | None = None

    @override
    def handle(self, record: logging.LogRecord) -> bool:
        is_of_another_run = record.thread != self._thread and record.thread in _threads_with_a_run
        is_own = record.name.partition(".")[0] == _OWN_LOGGERS
        if (
            record is self._last or is_of_another_run or is_own
        ):  # the last one: of a logger below another managed one
            return False
        self._last = record
        self._logs.take(record)
        return True


def _without_secrets(record: logging.LogRecord) -> logging.LogRecord:
    """Return the message as handlers may have it; the record itself belongs to the logger's other handlers, too."""
    if not has_secrets():
        return record
    clean = copy.copy(record)
    clean.msg, clean.args = redact(record.getMessage()), None
    if record.exc_info and record.exc_info[0] is not None:
        clean.exc_text = redact(logging.Formatter().formatException(record.exc_info))
    return clean


def _make_handlers(config: Mapping[str, Any]) -> list[logging.Handler]:
    """Return handlers that are configured as for `logging.config.dictConfig`, which itself would close all others."""
    if not config.get("handlers"):
        return []
    from logging.config import DictConfigurator

    maker = DictConfigurator(copy.deepcopy(dict(config)))
    parts: dict[str, Any] = maker.config
    try:
        for name, formatter in parts.get("formatters", {}).items():
            parts["formatters"][name] = maker.configure_formatter(formatter)
        for name, each in parts.get("filters", {}).items():
            parts["filters"][name] = maker.configure_filter(each)
        return [_named(maker.configure_handler(parts["handlers"][name]), name) for name in parts["handlers"]]
    except Exception as error:
        raise ConfigError(
            f"{SETTING}.handler_config does not describe handlers as logging.config.dictConfig takes them"
            f" ({type(error).__name__}): see `runrack config check`, and the handler's class for what it needs"
        ) from error


def _named(handler: logging.Handler, name: str) -> logging.Handler:
    handler.name = name
    return handler
