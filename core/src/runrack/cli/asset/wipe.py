"""`runrack asset wipe`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from runrack.cli.asset.reference import find_asset
from runrack.cli.asset.view import known_partitions
from runrack.cli.open_instance import open_instance
from runrack.cli.output.display import escape_line
from runrack.errors import InvalidArgumentError, NotFoundError
from runrack.instance.instance import Instance
from runrack.records.asset_key import AssetKey


@click.command
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option(
    "--partition", "partitions", metavar="NAME", multiple=True, help="Only this partition; may be repeated."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(keys: Sequence[str], partitions: Sequence[str], yes: bool) -> None:
    """Forget what is known of assets, or of some of their partitions.

    KEY has slashes between its parts: `sales/daily`. The logs of runs keep what they say, and the values of the assets
    stay where they are.
    """
    with open_instance() as instance:
        found = [find_asset(instance, key).asset_key for key in dict.fromkeys(keys)]
        for key in found:
            _check_partitions(instance, key, partitions)
        if not yes:
            _ask(found, partitions)
        for key in found:
            _wipe(instance, key, partitions)


def _check_partitions(instance: Instance, key: AssetKey, partitions: Sequence[str]) -> None:
    unknown = sorted(set(partitions) - set(known_partitions(instance, key))) if partitions else []
    if unknown:
        raise NotFoundError(
            f"partition {escape_line(unknown[0])!r} of asset {escape_line(key.to_user_string())!r} was neither"
            " materialized nor planned: nothing was wiped"
        )


def _ask(keys: Sequence[AssetKey], partitions: Sequence[str]) -> None:
    if not sys.stdin.isatty():
        raise InvalidArgumentError("nobody can be asked here: confirm the wipe with --yes")
    for key in keys:
        click.echo(escape_line(_name(key, partitions)))
    click.confirm("Forget what is known of this for good?", abort=True)


def _wipe(instance: Instance, key: AssetKey, partitions: Sequence[str]) -> None:
    if partitions:
        instance.wipe_asset_partitions(key, partitions)
    else:
        instance.wipe_assets([key])
    click.echo(f"wiped {escape_line(_name(key, partitions))}")


def _name(key: AssetKey, partitions: Sequence[str]) -> str:
    name = key.to_user_string()
    return f"{name}: {', '.join(partitions)}" if partitions else name
