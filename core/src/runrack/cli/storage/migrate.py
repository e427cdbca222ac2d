"""`runrack storage migrate`."""

from __future__ import annotations

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.progress_bar import progress_bar
from runrack.cli.storage.parts import storages_with
from runrack.interfaces.storage import SupportsMigration


@click.command
def command() -> None:
    """Bring the tables to the needed version.

    What they hold is kept, and runs go on meanwhile. Make a copy of the database first. A migration that was
    interrupted goes on when the command is called again.
    """
    with open_instance() as instance:
        parts = list(storages_with(instance, SupportsMigration))
        for name, part in parts:
            before = part.get_schema_status()
            with progress_bar() as report:
                part.migrate(report)
            after = part.get_schema_status()
            moved = "is current" if before.is_current else f"went from {before.current or 'nothing'}"
            click.echo(f"{name}: {moved}, version {after.latest}")
    if not parts:
        click.echo("The tables of this storage have no versions: there is nothing to migrate.")
