"""Stores runs and prints the id of each event after the call that stored it has returned.

A script: `python -m runrack_sql.testing.writer MODULE:CLASS PLACE NAME [RUNS]`, endless without RUNS. It stores in what the
class makes from the place.
"""

import itertools
import sys
from collections.abc import Iterator
from importlib import import_module

from runrack.records.event import EventLogEntry
from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_materialization, make_run

EVENTS_OF_A_RUN = 5


def calls_of_a_run(run_id: str, number: int) -> Iterator[list[EventLogEntry]]:
    """Yield what a run stores, one call after the other."""
    yield [make_entry(EventType.RUN_STARTING, run_id)]
    yield [make_entry(EventType.RUN_START, run_id)]
    yield [
        make_materialization(f"asset_{number % 7}", f"partition_{number % 3}", run_id),
        make_entry("a line of the log", run_id),
    ]
    yield [make_entry(EventType.RUN_SUCCESS, run_id)]


def main(target: str, place: str, name: str, runs: str | None = None) -> None:
    """Store the runs."""
    module, _, class_name = target.partition(":")
    storage = getattr(import_module(module), class_name)(place)
    for number in itertools.count() if runs is None else range(int(runs)):
        run = storage.run_storage.add_run(make_run(f"{name}-{number}"))
        storage.event_log_storage.claim_concurrency_slot("key", run.run_id, "step")
        for entries in calls_of_a_run(run.run_id, number):
            storage.store_events(entries)
            sys.stdout.write("".join(f"{entry.event_id}\n" for entry in entries))
            sys.stdout.flush()
    storage.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
