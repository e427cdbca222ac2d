"""`runrack events`."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence

import click

from runrack.cli.open_instance import open_instance
from runrack.cli.output.json_output import print_json_line
from runrack.cli.runs.event_view import entry_as_json, entry_line
from runrack.cli.runs.run_reference import find_run
from runrack.instance.instance import Instance
from runrack.records.event import EventLogRecord
from runrack.records.event_type import EventType

POLL_SECONDS = 0.25

_PAGE = 500


@click.command
@click.argument("run")
@click.option("--follow", is_flag=True, help="Go on until the run is finished.")
@click.option(
    "--type",
    "types",
    type=click.Choice([event_type.value for event_type in EventType], case_sensitive=False),
    multiple=True,
    metavar="TYPE",
    help="Only events of this type, such as STEP_FAILURE; may be repeated.",
)
@click.option("--limit", type=click.IntRange(1), help="At most this many, from the beginning.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one event a line.")
def command(run: str, follow: bool, types: Sequence[str], limit: int | None, as_json: bool) -> None:
    """Show the log of a run.

    RUN is a run id, the beginning of one (at least 4 characters), or `last`.
    """
    wanted = [EventType(name) for name in types]
    with open_instance() as instance:
        run_id = find_run(instance, run).run.run_id
        records = (
            follow_records(instance, run_id, wanted) if follow else iter_records(instance, run_id, wanted)
        )
        shown = 0
        for record in records:
            if as_json:
                print_json_line(entry_as_json(record))
            else:
                click.echo(entry_line(record.event_log_entry, with_type=True))
            shown += 1
            if shown == limit:
                break
    if not shown and not as_json:
        click.echo("No event is of that type." if wanted else "This run has no events yet.")


def iter_records(
    instance: Instance, run_id: str, types: Sequence[EventType] = (), cursor: str | None = None
) -> Generator[EventLogRecord, None, str | None]:
    """Yield what the log of a run holds by now, page by page, oldest first; return the cursor of the end."""
    has_more = True
    while has_more:
        page = instance.get_records_for_run(run_id, cursor, of_type=types, limit=_PAGE)
        yield from page.records
        cursor, has_more = page.cursor, page.has_more
    return cursor


def follow_records(
    instance: Instance,
    run_id: str,
    types: Sequence[EventType] = (),
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[EventLogRecord]:
    """Yield the log of a run, oldest first, until the run is finished and all of it was yielded.

    Args:
        instance: Where the run is stored.
        run_id: The run.
        types: Only events of these types; empty means everything.
        wait: Waits for so many seconds.
    """
    cursor: str | None = None
    while True:
        run = instance.get_run_by_id(run_id)
        is_over = run is None or run.is_finished
        cursor = yield from iter_records(instance, run_id, types, cursor)
        if is_over:
            return
        wait(POLL_SECONDS)
