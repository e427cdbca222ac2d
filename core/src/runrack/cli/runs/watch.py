"""`runrack runs watch`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.display import escape_line
from runrack.cli.output.json_output import print_json_line
from runrack.cli.output.moment import clock, iso
from runrack.cli.output.table import colored
from runrack.cli.runs.events import POLL_SECONDS
from runrack.cli.runs.run_view import SHORT_ID
from runrack.instance.instance import Instance
from runrack.interfaces.event_log import NO_RECORD, EventQuery
from runrack.records.event import EventLogRecord
from runrack.records.event_type import RUN_STATUS_CHANGE_TYPES, STATUS_AFTER

_PAGE = 500
_STATUS_WIDTH = 9


@click.command
@click.option("--job", "job_name", help="Only runs of this job.")
@click.option("--limit", type=click.IntRange(1), help="Exit after so many changes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one change a line.")
def command(job_name: str | None, limit: int | None, as_json: bool) -> None:
    """Show the status of every run as it changes.

    Begins now; ends with Ctrl-C, or after --limit changes.
    """
    with open_instance() as instance:
        newest = instance.event_log_storage.get_maximum_record_id()
        click.echo("Waiting for runs to change. Ctrl-C ends this.", err=True)
        shown = 0
        for record in follow_status_changes(instance, NO_RECORD if newest is None else newest):
            if record.late or job_name not in {None, record.event_log_entry.job_name}:
                continue
            if as_json:
                print_json_line(_as_json(record))
            else:
                click.echo(_line(record))
            shown += 1
            if shown == limit:
                return


def follow_status_changes(
    instance: Instance, cursor: int, wait: Callable[[float], object] = time.sleep
) -> Iterator[EventLogRecord]:
    """Yield the status changes of all runs in the order in which they are stored, for ever.

    Args:
        instance: Where they are stored.
        cursor: The storage id after which to begin.
        wait: Waits for so many seconds.
    """
    log = instance.event_log_storage
    last = cursor
    while True:
        found = log.query_events(
            EventQuery(event_types=frozenset(RUN_STATUS_CHANGE_TYPES), after_id=last, limit=_PAGE)
        )
        yield from found
        if found:
            last = found[-1].storage_id
        else:
            wait(POLL_SECONDS)


def _line(record: EventLogRecord) -> str:
    entry = record.event_log_entry
    status = colored(STATUS_AFTER[record.event_type].value, _STATUS_WIDTH)
    run_id = escape_line(record.run_id[:SHORT_ID])
    return f"{clock(entry.timestamp)}  {run_id}  {status}  {escape_line(entry.job_name or '')}"


def _as_json(record: EventLogRecord) -> dict[str, Any]:
    entry = record.event_log_entry
    return {
        "time": iso(entry.timestamp),
        "run_id": record.run_id,
        "job_name": entry.job_name,
        "status": STATUS_AFTER[record.event_type].value,
        "message": entry.message,
    }
