"""`runrack backfill cancel`."""

from __future__ import annotations

import click

from runrack.cli.open_instance import open_instance
from runrack.instance.backfill import cancel_backfill


@click.command
@click.argument("backfill_id")
def command(backfill_id: str) -> None:
    """Cancel all runs of a backfill that have not ended."""
    with open_instance() as instance:
        count = cancel_backfill(instance, backfill_id)
    click.echo(f"Backfill {backfill_id}: {count} runs were told to stop.")
