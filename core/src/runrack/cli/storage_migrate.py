"""`runrack storage migrate`."""

from __future__ import annotations

import click

from runrack.cli.migratable_storage import migratable_storages
from runrack.cli.open_instance import open_instance


@click.command
def command() -> None:
    """Bring the tables to the needed version.

    What they hold is kept. Make a copy of the database first.
    """
    with open_instance() as instance:
        parts = list(migratable_storages(instance))
        for name, part in parts:
            before = part.get_schema_status()
            part.migrate()
            after = part.get_schema_status()
            moved = "is current" if before.is_current else f"went from {before.current or 'nothing'}"
            click.echo(f"{name}: {moved}, version {after.latest}")
    if not parts:
        click.echo("The tables of this storage have no versions: there is nothing to migrate.")
