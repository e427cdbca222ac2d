"""`runrack storage status`."""

from __future__ import annotations

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.table import print_table
from runrack.cli.storage.parts import storages_with
from runrack.interfaces.storage import SchemaStatus, SupportsMigration


@click.command
@json_option
def command(as_json: bool) -> None:
    """Show the version of the tables.

    Beside the version that was found stands the one that this runrack needs.

    Exits with 1 when something has to be migrated.
    """
    with open_instance() as instance:
        found = {name: part.get_schema_status() for name, part in storages_with(instance, SupportsMigration)}
    if as_json:
        print_json({name: _as_json(status) for name, status in found.items()})
    elif found:
        print_table(
            ["STORAGE", "FOUND", "NEEDED", "STATE"],
            [[name, status.current or "-", status.latest, _state(status)] for name, status in found.items()],
        )
    else:
        click.echo("The tables of this storage have no versions.")
    if not all(status.is_usable or status.current is None for status in found.values()):
        click.get_current_context().exit(1)


def _state(status: SchemaStatus) -> str:
    if status.current is None:
        return "empty: the first use makes the tables"
    if status.is_usable_newer:
        return "newer, and can be used"
    return "current" if status.is_current else "other version: `runrack storage migrate`"


def _as_json(status: SchemaStatus) -> dict[str, str | bool | None]:
    return {"current": status.current, "latest": status.latest, "is_current": status.is_current}
