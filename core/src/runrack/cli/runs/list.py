"""`runrack runs list`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.display import escape_line
from runrack.cli.output.json_output import json_option, print_json
from runrack.cli.output.moment import date_and_clock
from runrack.cli.output.table import print_table
from runrack.cli.runs.key_value import tag_option
from runrack.cli.runs.run_view import SHORT_ID, run_as_json, run_duration
from runrack.cli.runs.since import Since
from runrack.records.run import RunRecord
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter

_HEADER = ("RUN", "STATUS", "JOB", "CREATED", "DURATION", "TAGS")


@click.command
@click.option("--job", "job_name", help="Only runs of this job.")
@click.option(
    "--status",
    "statuses",
    type=click.Choice([status.value for status in RunStatus], case_sensitive=False),
    multiple=True,
    help="Only runs in this status; may be repeated.",
)
@tag_option
@click.option("--since", type=Since(), help="Only runs made after this: 30m, 12h or 2d ago, or a date.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=25, show_default=True, help="At most this many runs."
)
@click.option("--cursor", help="Only runs older than the one with this id, as an earlier page names it.")
@json_option
def command(
    job_name: str | None,
    statuses: Sequence[str],
    tags: Sequence[tuple[str, str]],
    since: datetime | None,
    limit: int,
    cursor: str | None,
    as_json: bool,
) -> None:
    """List runs, newest first."""
    filters = RunsFilter(
        job_name=job_name,
        statuses=[RunStatus(status) for status in statuses],
        tags=dict(tags),
        created_after=since,
    )
    with open_instance() as instance:
        found = instance.get_run_records(filters, limit=limit + 1, cursor=cursor)
    records = found[:limit]
    next_cursor = records[-1].run.run_id if len(found) > limit else None
    if as_json:
        print_json({"runs": [run_as_json(record) for record in records], "cursor": next_cursor})
    elif records:
        print_table(_HEADER, [_row(record) for record in records])
        if next_cursor is not None:
            click.echo(f"\nThere are older ones: runrack runs list --cursor {escape_line(next_cursor)}")
    elif cursor or filters != RunsFilter():
        click.echo("No run is like that. `runrack runs list` without options lists all.")
    else:
        click.echo("There are no runs yet. `runrack run FILE` makes the first one.")


def _row(record: RunRecord) -> list[str]:
    run = record.run
    tags = [f"{key}={value}" for key, value in sorted(run.tags.items()) if not key.startswith(".")]
    return [
        run.run_id[:SHORT_ID],
        run.status.value,
        run.job_name,
        date_and_clock(record.create_timestamp.timestamp()),
        run_duration(record),
        " ".join(tags),
    ]
