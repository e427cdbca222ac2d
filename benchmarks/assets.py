"""What questions about assets cost, with more and more history behind them.

Fills a storage with materializations over 200 assets of 100 partitions each, one hundredth of them planned before, and prints
one JSON line for each figure: the slowest and the median of 20 calls, in milliseconds.

    python benchmarks/assets.py [--events 200000] [--postgres URL]
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
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
    took = []
    for number in range(CALLS):
        began = time.perf_counter()
        question(number)
        took.append(1000 * (time.perf_counter() - began))
    return {"median_ms": round(statistics.median(took), 2), "slowest_ms": round(max(took), 2)}


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


def main() -> None:
    """Measure SQLite, or PostgreSQL where a URL of an empty database is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--postgres", help="the URL of an empty database")
    options = parser.parse_args()
    if options.postgres:
        from runrack_postgres import PostgresStorage

        run(PostgresStorage(options.postgres), "postgres", options.events)
        return
    from runrack_sqlite import SqliteStorage

    with tempfile.TemporaryDirectory() as folder:
        run(SqliteStorage(Path(folder)), "sqlite", options.events)


if __name__ == "__main__":
    main()
