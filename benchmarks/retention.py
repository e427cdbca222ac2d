"""Removing old events beside writers: how long the writers wait, and whether the state of assets stays.

`python benchmarks/retention.py [sqlite|postgres] [EVENTS]`: stores EVENTS old debug messages (2,000,000) and the
materializations of 200 assets, then prunes while two processes store events one by one, each 200 times a second.
Prints one line of JSON.
"""

import json
import multiprocessing
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from statistics import quantiles

from sqlalchemy import insert, update

from runrack.interfaces.retention import EventKind
from runrack.testing.builders import make_entry, make_materialization
from runrack.testing.postgres import own_postgres_server
from runrack_postgres import PostgresStorage
from runrack_sql.event_row import event_row
from runrack_sql.schema import event_ids, events
from runrack_sqlite import SqliteStorage

STORAGES = {"sqlite": SqliteStorage, "postgres": PostgresStorage}
BATCH = 10_000
RUNS = 2000
ASSETS = 200
WRITERS = 2
PAUSE_SECONDS = 0.005
ALONE_SECONDS = 20
MILLISECONDS = 1000
OLD = (datetime.now(UTC) - timedelta(days=30)).timestamp()


def main(kind="sqlite", count="2000000"):
    """Measure, and print what was measured."""
    with ExitStack() as stack:
        argument = open_place(stack, kind)
        storage = STORAGES[kind](argument)
        fill(storage, int(count))
        before = storage.event_log_storage.get_asset_records()
        with Writers(kind, argument) as alone:
            time.sleep(ALONE_SECONDS)
        with Writers(kind, argument) as beside:
            began = time.perf_counter()
            kept = {EventKind.DEBUG_MESSAGES: timedelta(days=7)}
            removed = sum(step.count for step in storage.prune_events(kept, datetime.now(UTC)))
            seconds = time.perf_counter() - began
        cuts = quantiles(beside.waits, n=100)
        figures = {
            "storage": kind,
            "removed": removed,
            "seconds": round(seconds, 1),
            "writes": len(beside.waits),
            "p99_ms_alone": round(quantiles(alone.waits, n=100)[98] * MILLISECONDS, 1),
            "p50_ms": round(cuts[49] * MILLISECONDS, 1),
            "p99_ms": round(cuts[98] * MILLISECONDS, 1),
            "longest_ms": round(beside.waits[-1] * MILLISECONDS, 1),
            "assets_unchanged": storage.event_log_storage.get_asset_records() == before,
        }
        storage.dispose()
    print(json.dumps(figures))


class Writers:
    """Processes that store events while a block runs; afterwards `waits` has the seconds of each call, sorted."""

    def __init__(self, kind, argument):
        self._results, self._stop = multiprocessing.Queue(), multiprocessing.Event()
        arguments = (kind, argument, self._stop, self._results)
        self._processes = [multiprocessing.Process(target=write, args=arguments) for _ in range(WRITERS)]
        self.waits = []

    def __enter__(self):
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_error):
        self._stop.set()
        self.waits = sorted(wait for _ in self._processes for wait in self._results.get())
        for process in self._processes:
            process.join()


def open_place(stack, kind):
    """Return what a storage in an empty place is made with."""
    if kind == "sqlite":
        return stack.enter_context(tempfile.TemporaryDirectory())
    server = stack.enter_context(own_postgres_server({"fsync": "on", "full_page_writes": "on"}))
    return stack.enter_context(server.database())


def fill(storage, count):
    """Store old debug messages, many in one transaction, and materializations."""
    for number in range(ASSETS):
        storage.store_events([make_materialization(f"asset-{number}", "partition", timestamp=OLD)])
    for first in range(ASSETS + 1, ASSETS + 1 + count, BATCH):
        numbers = range(first, min(first + BATCH, ASSETS + 1 + count))
        rows = [{**message_row(number), "id": number, "late": False} for number in numbers]
        with storage.database.write() as conn:
            conn.execute(update(event_ids).values(last=numbers[-1]))
            conn.execute(insert(events), rows)


def message_row(number):
    """Return the row of an old debug message."""
    return event_row(make_entry("looked at a row", f"run-{number % RUNS}", level=10, timestamp=OLD))


def write(kind, argument, stop, waits):
    """Store events one by one until told to stop, and tell how long each took."""
    storage = STORAGES[kind](argument)
    found = []
    while not stop.is_set():
        entry = make_entry("live", "live", level=20)
        began = time.perf_counter()
        storage.store_events([entry])
        found.append(time.perf_counter() - began)
        time.sleep(PAUSE_SECONDS)
    waits.put(found)
    storage.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
