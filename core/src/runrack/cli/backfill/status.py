"""`runrack backfill status`."""

from __future__ import annotations

import click

from runrack.cli.backfill.view import HEADER, backfill_as_json, backfill_row
from runrack.cli.open_instance import open_instance
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.table import print_table
from runrack.instance.backfill import get_backfill


@click.command
@click.argument("backfill_id")
@json_option
def command(backfill_id: str, as_json: bool) -> None:
    """Show how the runs of a backfill stand, and which partitions have failed."""
    with open_instance() as instance:
        found = get_backfill(instance, backfill_id)
    if as_json:
        print_json(backfill_as_json(found))
        return
    print_table(HEADER, [backfill_row(found)])
    if found.failed_partitions:
        click.echo(f"Failed: {', '.join(found.failed_partitions)}")
