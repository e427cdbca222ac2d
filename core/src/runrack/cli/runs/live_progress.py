"""LiveProgress: a run on a terminal, with the steps that run now at the bottom and everything that is over above them."""

from __future__ import annotations

import threading
import time
from itertools import islice
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text
from typing_extensions import override

from runrack.cli.output.display import escape, escape_line, indent_after_first
from runrack.cli.output.moment import clock, duration
from runrack.cli.runs.event_view import find_error
from runrack.cli.runs.progress import ErrorsShownOnce, Progress, is_shown
from runrack.cli.runs.step_tally import ENDS, STARTS, StepTally
from runrack.records.event import EventLogEntry
from runrack.records.event_type import RUN_STATUS_CHANGE_TYPES, EventType

MAX_SUCCESS_LINES = 200
"""So many steps that succeed have a line; further ones are counted."""

_MAX_RUNNING_LINES = 10
_MAX_STACKS = 3
_SECONDS_BETWEEN_PRINTS = 0.1
_MAX_PENDING_LINES = 10
_REFRESHES_PER_SECOND = 8
_SIGNS = {
    EventType.STEP_SUCCESS: ("✓", "green"),
    EventType.STEP_FAILURE: ("✗", "red"),
    EventType.STEP_SKIPPED: ("-", "yellow"),
    EventType.STEP_UP_FOR_RETRY: ("↻", "yellow"),
}
_LEVEL_STYLES = ((40, "red"), (30, "yellow"))
_INDENT = 4


class LiveProgress(Progress):
    """Shows a line with a spinner for each step that runs; when a step is over, its line stays with its duration.

    - The errors of failed steps come at the end, each once, where a reader finds them.
    - Lines are printed together, ten times a second, so that a run with many quick steps is not slowed down. Until then
      they are part of the live display, so nothing is shown late.

    Args:
        stream: The terminal.
        step_count: How many steps the run has, as far as that is known.
        console: Draws on the terminal; made for it when left out.
    """

    def __init__(self, stream: TextIO, step_count: int, console: Console | None = None) -> None:
        self._console = console or Console(file=stream, highlight=False)
        self._tally = StepTally(step_count)
        self._errors = ErrorsShownOnce()
        self._stacks: list[Text] = []
        self._pending: list[Text] = []
        self._printed_at = time.monotonic()
        self._began_at = self._printed_at
        # Never held while something is printed: the thread that redraws holds the lock of rich when it asks for this one.
        self._lock = threading.Lock()
        self._spinner = Spinner("dots")
        self._live = Live(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    @override
    def show_entry(self, entry: EventLogEntry) -> None:
        with self._lock:
            lines = self._lines_of(entry)
            self._keep_error(entry)
        self._print(*lines)

    @override
    def show_output(self, line: str) -> None:
        self._print(Text(escape(line)))

    @override
    def close(self) -> None:
        with self._lock:
            self._tally.running.clear()
            self._pending += self._stacks[:_MAX_STACKS]
            if len(self._stacks) > _MAX_STACKS:
                self._pending.append(
                    Text(f"{len(self._stacks) - _MAX_STACKS} more errors are in the log of the run", "red")
                )
            self._pending.append(Text(self._tally.summary_text(), "bold"))
        self._print_pending()
        self._live.stop()

    def _lines_of(self, entry: EventLogEntry) -> list[Text]:
        """Return the lines that stay of an entry, and take it into account."""
        event_type = entry.event_type
        seconds = self._tally.count(entry)
        if event_type in STARTS:
            return []
        if event_type is EventType.STEP_SUCCESS:
            return self._success_lines(entry, seconds)
        if event_type in ENDS or event_type is EventType.STEP_UP_FOR_RETRY:
            return [_end_line(entry, seconds)]
        if is_shown(entry) and event_type not in RUN_STATUS_CHANGE_TYPES:
            return [_log_line(entry)]
        return []

    def _success_lines(self, entry: EventLogEntry, seconds: float) -> list[Text]:
        number = self._tally.count_of(EventType.STEP_SUCCESS)
        if number > MAX_SUCCESS_LINES:
            return []
        if number == MAX_SUCCESS_LINES:
            return [
                _end_line(entry, seconds),
                Text("… further steps that succeed are counted, not listed", "dim"),
            ]
        return [_end_line(entry, seconds)]

    def _keep_error(self, entry: EventLogEntry) -> None:
        error = self._errors.text_of(entry) if is_shown(entry) else None
        if error is not None:
            what = f"step {escape_line(entry.step_key)}" if entry.step_key else "the run"
            self._stacks.append(Text(f"\nerror of {what}:\n{error}", "red"))

    def _print(self, *lines: Text) -> None:
        with self._lock:
            self._pending += lines
            is_due = time.monotonic() - self._printed_at > _SECONDS_BETWEEN_PRINTS
            if not self._pending or not (is_due or len(self._pending) >= _MAX_PENDING_LINES):
                return
        self._print_pending()

    def _print_pending(self) -> None:
        with self._lock:
            lines, self._pending = self._pending, []
            self._printed_at = time.monotonic()
        if lines:
            self._console.print(Text("\n").join(lines), soft_wrap=True)

    def _render(self) -> RenderableType:
        with self._lock:
            pending = [*self._pending]
            running = list(islice(self._tally.running.items(), _MAX_RUNNING_LINES))
            more = len(self._tally.running) - len(running)
            waiting = list(islice(self._tally.waiting, _MAX_RUNNING_LINES))
            text = self._tally.progress_text()
        now = time.time()
        table = Table.grid(padding=(0, 1))
        for key, started in running:
            table.add_row(
                self._spinner, Text(escape_line(key)), Text(duration(max(0.0, now - started)), "dim")
            )
        if more:
            table.add_row("", Text(f"and {more} more", "dim"))
        for key in waiting:
            table.add_row(Text("↻", "yellow"), Text(escape_line(key)), Text("is tried again soon", "dim"))
        elapsed = duration(time.monotonic() - self._began_at)
        return Group(*pending, table, Text(f"  {text}, {elapsed}", "dim"))


def _end_line(entry: EventLogEntry, seconds: float) -> Text:
    sign, style = _SIGNS[entry.get_event().event_type]
    line = Text.assemble((f"{sign} ", style), escape_line(entry.step_key or ""), f"  {duration(seconds)}")
    if entry.event_type is not EventType.STEP_SUCCESS:
        error = find_error(entry)
        cause = "" if error is None else f" {escape_line(error.message.strip())}"
        line.append(f"  {indent_after_first(entry.message, _INDENT)}{cause}", style)
    return line


def _log_line(entry: EventLogEntry) -> Text:
    style = next((style for level, style in _LEVEL_STYLES if entry.level >= level), "")
    return Text.assemble(
        (f"{clock(entry.timestamp)} ", "dim"),
        (f"{escape_line(entry.step_key or '-')} ", "cyan"),
        (indent_after_first(entry.message, _INDENT), style),
    )
