"""What the daemon logs, a line for each message, as text or as JSON."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from typing_extensions import override

from runrack.cli.output.display import escape, escape_line
from runrack.cli.output.log_output import LogOutput
from runrack.cli.output.moment import date_and_clock, iso
from runrack.config.secret import redact

LOG_FORMATS = ("text", "json")


class TextLine(logging.Formatter):
    """`2026-03-01 12:03:04 warning monitoring: …`, and the traceback below."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        level = record.levelname.lower()
        line = f"{date_and_clock(record.created)} {level} {record.threadName}: {escape_line(record.getMessage())}"
        if record.exc_info:
            line += "\n" + escape(self.formatException(record.exc_info))
        return redact(line)


class JsonLine(logging.Formatter):
    """An object with `time`, `level`, `logger`, `loop`, `message`, and `error` where there is one."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        value = {
            "time": iso(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "loop": record.threadName,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            value["error"] = redact(self.formatException(record.exc_info))
        return json.dumps(value, separators=(",", ":"))


@contextmanager
def log_lines(log_format: str) -> Iterator[None]:
    """Write what runrack logs, from INFO on, to standard error, in one of `LOG_FORMATS`, instead of what commands show."""
    logger = logging.getLogger("runrack")
    level, before = logger.level, list(logger.handlers)
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLine() if log_format == "json" else TextLine())
    logger.handlers = [handler for handler in before if not isinstance(handler, LogOutput)] + [lines]
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.handlers = before
        logger.setLevel(level)
