"""Output for programs."""

from __future__ import annotations

import json
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
"""The option of every command that can print JSON."""


def print_json(value: Any) -> None:
    """Print a value as indented JSON; all but ASCII is escaped, so it is safe on every terminal."""
    click.echo(json.dumps(value, indent=2))


def print_json_line(value: Any) -> None:
    """Print a value as JSON in one line, for streams of values."""
    click.echo(json.dumps(value, separators=(",", ":")))
