"""`runrack backfill list`."""

from __future__ import annotations

import click

from runrack.cli.backfill.view import HEADER, backfill_as_json, backfill_row
from runrack.cli.open_instance import open_instance
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.table import print_table
from runrack.instance.backfill import list_backfills


@click.command
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=25, show_default=True, help="At most this many."
)
@json_option
def command(limit: int, as_json: bool) -> None:
    """List backfills, those that began last first."""
    with open_instance() as instance:
        found = list_backfills(instance, limit)
    if as_json:
        print_json([backfill_as_json(each) for each in found])
    elif found:
        print_table(HEADER, [backfill_row(each) for each in found])
    else:
        click.echo("No backfill yet: begin one with `runrack backfill start JOB --partitions FIRST...LAST`.")
