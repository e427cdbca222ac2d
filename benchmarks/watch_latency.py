"""Milliseconds from the commit of an event to the callback of a watch, when another storage object has stored it.

A script: `watch_latency.py [sqlite|postgres] [EVENTS]`, one line of JSON. Between two events lies up to half a second, so that
a watcher that looks by itself has slowed down.
"""

import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from runrack.interfaces.storage import Storage
from runrack.records.event import EventLogEntry
from runrack.testing.builders import make_entry

LONGEST_PAUSE_SECONDS = 0.5


@contextmanager
def opener_of(kind: str) -> Iterator[Callable[[], Storage]]:
    """Give the way to open an empty storage."""
    if kind == "sqlite":
        from runrack_sqlite import SqliteStorage

        with tempfile.TemporaryDirectory() as folder:
            yield partial(SqliteStorage, Path(folder))
        return
    from runrack.testing.postgres import own_postgres_server
    from runrack_postgres import PostgresStorage

    with own_postgres_server() as server, server.database() as url:
        yield partial(PostgresStorage, url)


def main(kind: str = "sqlite", events: int = 60) -> None:
    """Measure, and print the figures."""
    with opener_of(kind) as open_storage:
        writer, watched = open_storage(), open_storage()
        arrived = threading.Event()
        moments: list[float] = []

        def note(_entry: EventLogEntry, _cursor: str) -> None:
            moments.append(time.perf_counter())
            arrived.set()

        watched.event_log_storage.watch("run", None, note)
        milliseconds: list[float] = []
        for number in range(events):
            time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))
            arrived.clear()
            writer.store_events([make_entry(f"{number}")])
            stored = time.perf_counter()
            arrived.wait()
            milliseconds.append(1000 * (moments[-1] - stored))
        writer.dispose()
        watched.dispose()
    figures = {"storage": kind, "p50_ms": statistics.median(milliseconds), "max_ms": max(milliseconds)}
    print(
        json.dumps(
            {name: round(value, 1) if isinstance(value, float) else value for name, value in figures.items()}
        )
    )


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["sqlite"]
    main(chosen[0], *map(int, chosen[1:]))
