"""`runrack asset show`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

import click

from runrack.cli.asset.reference import find_asset
from runrack.cli.asset.view import asset_as_json, known_partitions, last_materialization, metadata_values
from runrack.cli.open_instance import open_instance
from runrack.cli.output.display import escape_line
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.moment import date_and_clock
from runrack.cli.output.table import print_table
from runrack.records.asset import AssetPartitionStatus
from runrack.records.asset_record import AssetEntry

_LABEL = 14
_MAX_PARTITIONS = 50


@click.command
@click.argument("key")
@json_option
def command(key: str, as_json: bool) -> None:
    """Show one asset: its last materialization, and how it stands with its partitions.

    KEY has slashes between its parts: `sales/daily`.
    """
    with open_instance() as instance:
        entry = find_asset(instance, key)
        partitions = known_partitions(instance, entry.asset_key)
    if as_json:
        statuses = {name: status.value for name, status in partitions.items()}
        print_json({**asset_as_json(entry), "partitions": statuses})
        return
    _print_asset(entry)
    _print_partitions(partitions)


def _print_asset(entry: AssetEntry) -> None:
    _print_field("asset", entry.asset_key.to_user_string())
    written, said = entry.last_materialization, last_materialization(entry)
    _print_field("materialized", "never" if written is None else date_and_clock(written.timestamp))
    if written is not None and written.run_id:
        _print_field("run", written.run_id)
    if said is not None:
        for label, value in (("partition", said.partition), ("description", said.description)):
            if value is not None:
                _print_field(label, value)
        for label, value in metadata_values(said).items():
            shown = value if isinstance(value, str) else json.dumps(value)
            _print_field("metadata", f"{label}: {shown}")
        for name, value in sorted(said.tags.items()):
            _print_field("tag", f"{name}={value}")
    if entry.last_observation is not None:
        _print_field("observed", date_and_clock(entry.last_observation.timestamp))


def _print_field(label: str, value: str) -> None:
    click.echo(f"{label:<{_LABEL}}{escape_line(value)}")


def _print_partitions(partitions: Mapping[str, AssetPartitionStatus]) -> None:
    if not partitions:
        return
    counts = Counter(partitions.values())
    shown = ", ".join(f"{counts[status]} {status.value}" for status in AssetPartitionStatus if counts[status])
    _print_field("partitions", shown)
    # Those that want attention come first, since not all are shown.
    rows = sorted(partitions.items(), key=lambda item: item[1] is AssetPartitionStatus.MATERIALIZED)
    click.echo()
    print_table(("PARTITION", "STATUS"), [[name, status.value] for name, status in rows[:_MAX_PARTITIONS]])
    if len(rows) > _MAX_PARTITIONS:
        click.echo(f"and {len(rows) - _MAX_PARTITIONS} more; --json has them all")
