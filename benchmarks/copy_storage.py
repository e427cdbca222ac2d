"""Copying a storage from SQLite to PostgreSQL, comparison included.

`python benchmarks/copy_storage.py [EVENTS]`: 200,000 events when left out, a fifth of them materializations. Prints one line of
JSON.
"""

import json
import sys
import tempfile
import time

from runrack.instance.storage_copy import copy_storage
from runrack.testing.builders import make_entry, make_materialization, make_run
from runrack.testing.postgres import own_postgres_server
from runrack_postgres import PostgresStorage
from runrack_sqlite import SqliteStorage

EVENTS_OF_A_RUN = 100
MESSAGE = "m" * 120


def main(count="200000"):
    """Measure, and print what was measured."""
    settings = {"fsync": "on", "full_page_writes": "on"}
    with (
        tempfile.TemporaryDirectory() as folder,
        own_postgres_server(settings) as server,
        server.database() as url,
    ):
        source, target = SqliteStorage(folder), PostgresStorage(url)
        for number in range(int(count) // EVENTS_OF_A_RUN):
            fill(source, f"run-{number}")
        began = time.perf_counter()
        copied = copy_storage(source, target)
        seconds = time.perf_counter() - began
        source.dispose()
        target.dispose()
    rows = sum(table.rows for table in copied.values())
    figures = {"events": copied["events"].rows, "rows": rows, "seconds": round(seconds, 1)}
    print(json.dumps(figures))


def fill(storage, run_id):
    """Store a run with its events."""
    storage.run_storage.add_run(make_run(run_id, tags={"team": "data"}))
    storage.store_events(
        [
            make_entry(MESSAGE, run_id)
            if place % 5
            else make_materialization(f"asset-{place}", run_id, run_id)
            for place in range(EVENTS_OF_A_RUN)
        ]
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
