"""What runrack logs while a command runs, shown on standard error."""

from __future__ import annotations

import logging

import click
from typing_extensions import override

from runrack.cli.output.display import escape
from runrack.config.secret import redact

_RUN_LOGGER = "runrack.run"


class LogOutput(logging.Handler):
    """Shows warnings and errors as `warning: …`; the same one only once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._shown: set[str] = set()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        # What ops log is part of their run's events, which the command shows in its own way.
        if record.name == _RUN_LOGGER or record.name.startswith(f"{_RUN_LOGGER}."):
            return
        message = f"{record.levelname.lower()}: {record.getMessage()}"
        if message not in self._shown:
            self._shown.add(message)
            click.echo(escape(redact(message)), err=True)


def show_logs() -> None:
    """Show on standard error what runrack logs from now on."""
    logger = logging.getLogger("runrack")
    for handler in [handler for handler in logger.handlers if isinstance(handler, LogOutput)]:
        logger.removeHandler(handler)
    logger.addHandler(LogOutput())
