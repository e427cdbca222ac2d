"""`runrack plugins list`."""

from __future__ import annotations

import click

from runrack.cli.installed_plugins import installed_plugins
from runrack.cli.output.display import escape_line
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.table import print_table
from runrack.cli.plugins.view import plugin_as_json
from runrack.host.entry_point import Diagnostic
from runrack.host.plugin_record import PluginRecord
from runrack.host.slots import SLOTS

_HEADER = ("SLOT", "NAME", "STATE", "DISTRIBUTION", "TARGET")


@click.command
@click.option("--slot", type=click.Choice(list(SLOTS)), metavar="SLOT", help="Only plugins of this slot.")
@json_option
def command(slot: str | None, as_json: bool) -> None:
    """List the installed plugins; broken ones come first.

    None is imported, so a plugin that cannot be imported is found like any other: `runrack plugins doctor --import` tries them.
    """
    registry = installed_plugins()
    records = registry.list_plugins(slot)
    if as_json:
        print_json(
            {
                "plugins": [plugin_as_json(record) for record in records],
                "diagnostics": [_diagnostic_as_json(found) for found in registry.diagnostics],
            }
        )
        return
    if records:
        print_table(_HEADER, [_row(record) for record in records])
    else:
        click.echo("No plugin is installed" + (f" for the slot {slot}." if slot else "."))
    for record in records:
        if record.reason:
            click.echo(
                escape_line(f"\n{record.slot} {record.name}: {record.reason}; fix: {record.fix}").strip()
            )
    if registry.diagnostics:
        click.echo(
            f"\n{len(registry.diagnostics)} distributions cannot be read in full: `runrack plugins doctor` says why"
        )


def _row(record: PluginRecord) -> list[str]:
    return [record.slot, record.name, record.state.value, record.label, record.target]


def _diagnostic_as_json(found: Diagnostic) -> dict[str, str]:
    return {
        "distribution": found.distribution,
        "path": found.path,
        "reason": found.reason,
        "fix": found.fix,
        "code": found.code,
    }
