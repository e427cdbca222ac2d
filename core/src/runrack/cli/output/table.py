"""Tables of plain text."""

from __future__ import annotations

from collections.abc import Sequence

import click

from runrack.cli.output.display import escape_line

STATUS_COLORS = {
    "SUCCESS": "green",
    "FAILURE": "red",
    "CANCELED": "yellow",
    "CANCELING": "yellow",
    "STARTED": "cyan",
    "failed": "red",
    "shadowed": "red",
    "incompatible": "red",
    "blocked": "yellow",
}
"""The colours of what a run or a plugin has come to; whatever is missing here has none."""


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below a header, each column as wide as its widest cell; cells are escaped, states are coloured."""
    cells = [[escape_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    click.echo(click.style(_line(header, widths), bold=True))
    for row in cells:
        click.echo(_line(row, widths))


def colored(state: str, width: int = 0) -> str:
    """Return what a run or a plugin has come to, in its colour, filled up to a width."""
    color = STATUS_COLORS.get(state)
    return click.style(state.ljust(width), fg=color) if color else state.ljust(width)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(map(colored, cells, widths)).rstrip()
