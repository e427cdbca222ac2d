"""LiveProgress: a run on a terminal, with the steps that run now at the bottom and everything that is over above them."""

from __future__ import annotations

import time
from typing import TextIO

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text
from typing_extensions import override

from runrack.cli.display import escape, escape_line, indent_after_first
from runrack.cli.moment import clock, duration
from runrack.cli.progress import ErrorsShownOnce, Progress, is_shown
from runrack.records.event import EventLogEntry
from runrack.records.event_type import RUN_STATUS_CHANGE_TYPES, EventType

_ENDS = {
    EventType.STEP_SUCCESS: ("✓", "green"),
    EventType.STEP_FAILURE: ("✗", "red"),
    EventType.STEP_SKIPPED: ("-", "yellow"),
    EventType.STEP_UP_FOR_RETRY: ("↻", "yellow"),
}
_LEVEL_STYLES = ((40, "red"), (30, "yellow"))
_INDENT = 4


class LiveProgress(Progress):
    """Shows a line with a spinner for each step that runs; when a step is over, its line stays with its duration.

    Args:
        stream: The terminal.
        step_count: How many steps the run has.
        console: Draws on the terminal; made for it when left out.
    """

    def __init__(self, stream: TextIO, step_count: int, console: Console | None = None) -> None:
        self._console = console or Console(file=stream, highlight=False)
        self._step_count = step_count
        self._over = 0
        self._running: dict[str, tuple[float, Spinner]] = {}
        self._errors = ErrorsShownOnce()
        self._live = Live(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    @override
    def show_entry(self, entry: EventLogEntry) -> None:
        event_type, key = entry.event_type, entry.step_key or ""
        if event_type is EventType.STEP_START:
            self._running[key] = (entry.timestamp, Spinner("dots"))
        elif event_type in _ENDS:
            self._print(self._end_step(event_type, key, entry))
        elif is_shown(entry) and event_type not in RUN_STATUS_CHANGE_TYPES:
            self._print(_log_line(entry))
        error = self._errors.text_of(entry) if is_shown(entry) else None
        if error is not None:
            self._print(Text(error, style="red"))

    @override
    def show_output(self, line: str) -> None:
        self._print(Text(escape(line)))

    @override
    def close(self) -> None:
        self._running.clear()
        self._live.stop()

    def _end_step(self, event_type: EventType, key: str, entry: EventLogEntry) -> Text:
        started, _ = self._running.pop(key, (entry.timestamp, None))
        self._over += event_type is not EventType.STEP_UP_FOR_RETRY
        sign, style = _ENDS[event_type]
        line = Text.assemble(
            (f"{sign} ", style), escape_line(key), f"  {duration(entry.timestamp - started)}"
        )
        if event_type is not EventType.STEP_SUCCESS:
            line.append(f"  {indent_after_first(entry.message, _INDENT)}", style)
        return line

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)

    def _render(self) -> RenderableType:
        now = time.time()
        table = Table.grid(padding=(0, 1))
        for key, (started, spinner) in list(self._running.items()):
            table.add_row(spinner, Text(escape_line(key)), Text(duration(max(0.0, now - started)), "dim"))
        table.add_row("", Text(f"{self._over} of {self._step_count} steps", "dim"))
        return table


def _log_line(entry: EventLogEntry) -> Text:
    style = next((style for level, style in _LEVEL_STYLES if entry.level >= level), "")
    return Text.assemble(
        (f"{clock(entry.timestamp)} ", "dim"),
        (f"{escape_line(entry.step_key or '-')} ", "cyan"),
        (indent_after_first(entry.message, _INDENT), style),
    )
