"""A plugin as the commands show it."""

from __future__ import annotations

from typing import Any

import click

from runrack.cli.output.display import escape_line
from runrack.cli.output.table import colored
from runrack.host.plugin_record import PluginRecord, PluginState

BROKEN = frozenset({PluginState.FAILED, PluginState.SHADOWED, PluginState.INCOMPATIBLE})
"""The states that somebody has to do something about."""

_LABEL = 14


def plugin_as_json(record: PluginRecord) -> dict[str, Any]:
    """Return what programs read about a plugin. Fields are only ever added."""
    return {
        "slot": record.slot,
        "name": record.name,
        "state": record.state.value,
        "distribution": record.distribution,
        "version": record.version,
        "target": record.target,
        "declared_in": record.declared_in,
        "reason": record.reason,
        "fix": record.fix,
        "code": record.code,
        "needs_api": record.needed_api,
    }


def print_plugin(record: PluginRecord) -> None:
    """Print all that is known about a plugin."""
    click.echo(click.style(f"{record.slot} {escape_line(record.name)}", bold=True))
    click.echo(f"  {'state':<{_LABEL}}{colored(record.state.value)}")
    print_field("distribution", record.label)
    print_field("target", record.target)
    if record.declared_in:
        print_field("declared in", record.declared_in)
    print_field("needs", f"{record.slot} API {' or '.join(record.needed_api)}")
    if record.reason:
        print_field("reason", record.reason)
    if record.fix:
        print_field("fix", record.fix)
    if record.code:
        print_field("more", f"runrack explain {record.code}")


def print_field(label: str, value: str) -> None:
    """Print one more line about the plugin printed last."""
    click.echo(f"  {label:<{_LABEL}}{escape_line(value)}")
