"""`runrack asset list`."""

from __future__ import annotations

import click

from runrack.cli.asset.reference import asset_key_of
from runrack.cli.asset.view import asset_as_json
from runrack.cli.open_instance import open_instance
from runrack.cli.output.display import escape_line
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.moment import date_and_clock
from runrack.cli.output.table import print_table
from runrack.cli.runs.run_view import SHORT_ID
from runrack.instance.instance import Instance
from runrack.records.asset_record import AssetEntry


@click.command
@click.argument("prefix", required=False)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most this many assets."
)
@click.option("--cursor", metavar="KEY", help="Only assets after this one, as an earlier page names it.")
@json_option
def command(prefix: str | None, limit: int, cursor: str | None, as_json: bool) -> None:
    """List assets with when they were last materialized.

    With PREFIX, only those whose keys begin with its parts: `sales` for `sales/daily`.
    """
    parts = None if prefix is None else asset_key_of(prefix).path
    after = None if cursor is None else asset_key_of(cursor).to_string()
    with open_instance() as instance:
        found = instance.get_asset_keys(parts, limit + 1, after)
        keys = found[:limit]
        entries = [record.asset_entry for record in instance.get_asset_records(keys)]
        counts = [_materialized_partitions(instance, entry) for entry in entries]
    next_cursor = keys[-1].to_string() if len(found) > limit else None
    if as_json:
        assets = [
            {**asset_as_json(entry), "materialized_partitions": count}
            for entry, count in zip(entries, counts, strict=True)
        ]
        print_json({"assets": assets, "cursor": next_cursor})
    elif entries:
        rows = [_row(entry, count) for entry, count in zip(entries, counts, strict=True)]
        print_table(("ASSET", "MATERIALIZED", "RUN", "PARTITIONS"), rows)
        if next_cursor is not None:
            click.echo(f"\nThere are more: runrack asset list --cursor '{escape_line(next_cursor)}'")
    elif prefix is not None or cursor is not None:
        click.echo("No asset is like that. `runrack asset list` without arguments lists all.")
    else:
        click.echo("There are no assets yet. `runrack run FILE --asset '*'` makes those of a file.")


def _materialized_partitions(instance: Instance, entry: AssetEntry) -> int:
    return len(instance.get_materialized_partitions(entry.asset_key))


def _row(entry: AssetEntry, partition_count: int) -> list[str]:
    written = entry.last_materialization
    return [
        entry.asset_key.to_user_string(),
        "never" if written is None else date_and_clock(written.timestamp),
        "" if written is None else written.run_id[:SHORT_ID],
        str(partition_count) if partition_count else "",
    ]
