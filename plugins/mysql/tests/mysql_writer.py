"""Stores runs in a MySQL database and prints the id of each event after the call that stored it has returned.

A script: `mysql_writer.py URL NAME [RUNS]`, endless without RUNS.
"""

import itertools
import sys

from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_materialization, make_run
from runrack_mysql import MySQLStorage

EVENTS_OF_A_RUN = 5


def calls_of_a_run(run_id, number):
    """What a run stores, one call after the other."""
    yield [make_entry(EventType.RUN_STARTING, run_id)]
    yield [make_entry(EventType.RUN_START, run_id)]
    yield [
        make_materialization(f"asset_{number % 7}", f"partition_{number % 3}", run_id),
        make_entry("a line of the log", run_id),
    ]
    yield [make_entry(EventType.RUN_SUCCESS, run_id)]


def main(url, name, runs=None):
    """Store the runs."""
    storage = MySQLStorage(url)
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
