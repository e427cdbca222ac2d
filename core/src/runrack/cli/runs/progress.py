"""What is seen of a run while it runs: Progress, and PlainProgress for everything that is no terminal."""

from __future__ import annotations

import io
import threading
from abc import ABC, abstractmethod
from typing import TextIO

import click
from typing_extensions import override

from runrack.cli.output.display import escape
from runrack.cli.runs.event_view import entry_line, error_text
from runrack.records.event import EventLogEntry
from runrack.records.event_type import RUN_STATUS_CHANGE_TYPES, EventType

SHOWN_TYPES = RUN_STATUS_CHANGE_TYPES | {
    EventType.STEP_START,
    EventType.STEP_SUCCESS,
    EventType.STEP_FAILURE,
    EventType.STEP_SKIPPED,
    EventType.STEP_UP_FOR_RETRY,
    EventType.STEP_RESTARTED,
    EventType.STEP_EXPECTATION_RESULT,
    EventType.RESOURCE_INIT_FAILURE,
    EventType.ASSET_MATERIALIZATION,
    EventType.ASSET_OBSERVATION,
    EventType.ASSET_CHECK_EVALUATION,
}
"""The types of events that a person wants to see pass by; the others are in the log."""

_WARNING = 30


class Progress(ABC):
    """Shows a run while it runs. Called by the thread that runs it and by the one that follows its captured output."""

    @abstractmethod
    def show_entry(self, entry: EventLogEntry) -> None:
        """Show what happened."""

    @abstractmethod
    def show_output(self, line: str) -> None:
        """Show a line that a step wrote to stdout or stderr."""

    @abstractmethod
    def close(self) -> None:
        """End the display."""


class PlainProgress(Progress):
    """Writes a line for each entry.

    Args:
        stream: Where to; not one that steps may write to, since that is captured.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._errors = ErrorsShownOnce()

    @override
    def show_entry(self, entry: EventLogEntry) -> None:
        if is_shown(entry):
            self._write(entry_line(entry))
            error = self._errors.text_of(entry)
            if error is not None:
                self._write(error)

    @override
    def show_output(self, line: str) -> None:
        self._write(escape(line))

    @override
    def close(self) -> None:
        self._stream.flush()

    def _write(self, line: str) -> None:
        with self._lock:
            click.echo(line, file=self._stream)


class ErrorsShownOnce:
    """Gives the error of an entry unless it was given before: what fails a step fails its run, too."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def text_of(self, entry: EventLogEntry) -> str | None:
        """Return the text of the error, with its stack; None when there is none, or none that is new."""
        text = error_text(entry)
        if text is None or text in self._given:
            return None
        self._given.add(text)
        return text


class StepOutput(io.TextIOBase):
    """Takes the place of `sys.stdout` or `sys.stderr` while a run is shown, and hands on whole lines.

    Args:
        progress: Where the lines go.
    """

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._rest = ""

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, text: str, /) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._progress.show_output(line)
        return len(text)

    def end(self) -> None:
        """Hand on what came after the last line break."""
        if self._rest:
            self._progress.show_output(self._rest)
            self._rest = ""


def is_shown(entry: EventLogEntry) -> bool:
    """Tell whether a person wants to see the entry pass by: messages, what warns, and the turning points of a run."""
    return entry.event_type is None or entry.event_type in SHOWN_TYPES or entry.level >= _WARNING
