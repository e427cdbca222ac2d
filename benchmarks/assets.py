"""What questions about assets cost, with more and more history behind them.

Fills a storage with materializations over 200 assets of 100 partitions each, one hundredth of them planned before, and prints
one JSON line for each figure: the slowest and the median of 20 calls in milliseconds, and the median of the processor time
that they took in this process. The figures of the first call, which reads from the disk what others find in memory, are
among them.

    python benchmarks/assets.py [sqlite|postgres] [--events 200000]    # PostgreSQL: on a server of its own
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from runrack.instance.partition_status import partition_status
from runrack.interfaces.storage import Storage
from runrack.records.asset_key import AssetKey
from runrack.records.event import EventLogEntry
from runrack.records.event_filter import AssetRecordsFilter
from runrack.records.event_type import EventType
from runrack.testing.builders import make_materialization, make_plan, make_run

ASSETS, PARTITIONS, RUNS = 200, 100, 20
BATCH = 2_000
CALLS = 20
PATHS = [["warehouse", f"table_{number:04}"] for number in range(ASSETS)]
KEYS = [AssetKey(path) for path in PATHS]
NAMES = [f"partition_{number}" for number in range(PARTITIONS)]
MANY = [f"many_{number}" for number in range(10_000)]
WIDE = AssetKey("wide")
"""An asset with 10,000 partitions, each planned by a run that is under way."""

METADATA = {"rows": 12_345, "path": "/data/warehouse/table/part.parquet", "share": 0.25}


def entries(count: int) -> Iterator[EventLogEntry]:
    """Yield the history, oldest first."""
    for number in range(count):
        path, name = PATHS[number % ASSETS], NAMES[number // ASSETS % PARTITIONS]
        run_id = f"run_{number * RUNS // count}"
        if number % 100 == 0:
            yield make_plan(path, name, run_id)
        yield make_materialization(path, name, run_id, metadata=METADATA)


def fill(storage: Storage, count: int) -> None:
    """Store the history, and the asset of many partitions."""
    for number in range(RUNS):
        storage.run_storage.add_run(make_run(f"run_{number}"))
    rest = entries(count)
    while batch := list(islice(rest, BATCH)):
        storage.event_log_storage.store_events(batch)
    for start in range(0, len(MANY), BATCH):
        plans = [
            make_plan("wide", name, f"run_{place % RUNS}")
            for place, name in enumerate(MANY[start : start + BATCH])
        ]
        storage.event_log_storage.store_events(plans)


def questions(storage: Storage) -> dict[str, Callable[[int], Any]]:
    """Return name to question; each is asked with the number of the call."""
    log, runs = storage.event_log_storage, storage.run_storage
    return {
        "records of 50 assets": lambda n: log.get_asset_records(KEYS[n : n + 50]),
        "latest of one": lambda n: log.get_latest_materialization_events([KEYS[n]]),
        "latest of 50": lambda n: log.get_latest_materialization_events(KEYS[n : n + 50]),
        "newest 100 of an asset": lambda n: log.fetch_materializations(KEYS[n], 100),
        "newest 100 of a partition": lambda n: log.fetch_materializations(
            AssetRecordsFilter(KEYS[n], [NAMES[n]]), 100
        ),
        "materialized partitions": lambda n: log.get_materialized_partitions(KEYS[n]),
        "latest id by partition": lambda n: log.get_latest_storage_id_by_partition(
            KEYS[n], EventType.ASSET_MATERIALIZATION
        ),
        "all asset keys": lambda _: log.get_asset_keys(),
        "status of 100 partitions": lambda n: partition_status(log, runs, KEYS[n], NAMES),
        "status of 10,000 partitions": lambda _: partition_status(log, runs, WIDE, MANY),
    }


def measure(question: Callable[[int], Any]) -> dict[str, float]:
    """Return the median and the slowest of the calls, in milliseconds."""
    took, worked = [], []
    for number in range(CALLS):
        began, had_worked = time.perf_counter(), time.process_time()
        question(number)
        took.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.process_time() - had_worked))
    figures = {
        "median_ms": statistics.median(took),
        "slowest_ms": max(took),
        "cpu_ms": statistics.median(worked),
    }
    return {name: round(figure, 2) for name, figure in figures.items()}


def run(storage: Storage, name: str, count: int) -> None:
    """Fill a storage and print what each question costs."""
    began = time.perf_counter()
    fill(storage, count)
    figures: dict[str, Any] = {"filled_per_second": round(count / (time.perf_counter() - began))}
    print(json.dumps({"storage": name, "events": count, "question": "filling", **figures}), flush=True)
    for question, ask in questions(storage).items():
        line = {"storage": name, "events": count, "question": question, **measure(ask)}
        print(json.dumps(line), flush=True)
    storage.dispose()


@contextmanager
def opened(database: str) -> Iterator[Storage]:
    """Give an empty storage in the database."""
    if database == "postgres":
        from runrack.testing.postgres import own_postgres_server
        from runrack_postgres import PostgresStorage

        with (
            own_postgres_server({"fsync": "on", "full_page_writes": "on"}) as server,
            server.database() as url,
        ):
            yield PostgresStorage(url)
        return
    from runrack_sqlite import SqliteStorage

    with tempfile.TemporaryDirectory() as folder:
        yield SqliteStorage(Path(folder))


def main() -> None:
    """Measure one database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", choices=["sqlite", "postgres"], nargs="?", default="sqlite")
    parser.add_argument("--events", type=int, default=200_000)
    options = parser.parse_args()
    with opened(options.database) as storage:
        run(storage, options.database, options.events)


if __name__ == "__main__":
    main()
