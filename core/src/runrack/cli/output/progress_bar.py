"""A progress bar for work that is counted."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from runrack.interfaces.progress_report import Report, silent


@contextmanager
def progress_bar() -> Iterator[Report]:
    """Give what shows reports as a bar on standard error, one line for each thing that is done; nothing off a terminal."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr)) as progress:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield show
