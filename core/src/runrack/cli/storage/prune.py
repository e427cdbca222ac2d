"""`runrack storage prune`."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.progress_bar import progress_bar
from runrack.instance.retention import Retention
from runrack.instance.retention_settings import policy_from_settings


@click.command
@click.option("--dry-run", is_flag=True, help="Only count.")
@json_option
def command(dry_run: bool, as_json: bool) -> None:
    """Remove events and ticks that are older than runrack.yaml allows.

    How long they are kept stands under `retention`. Runs, and the state of assets, are never removed.
    """
    with open_instance() as instance:
        retention = Retention(instance.storage, policy_from_settings(instance.get_settings("retention")))
        removed: Counter[str] = Counter()
        with progress_bar() as report:
            for step in retention.prune(datetime.now(UTC), dry_run=dry_run):
                if step.count:
                    removed[step.what.value] += step.count
                report(step.what.value, step.reached, step.end)
    if as_json:
        print_json(dict(removed))
        return
    if not retention.can_prune_events:
        click.echo("The events of this storage cannot be removed by age.")
    verb = "would remove" if dry_run else "removed"
    for kind, count in removed.items():
        click.echo(f"{verb} {count} {kind}")
    if not removed and retention.can_prune_events:
        click.echo("Nothing is old enough.")
