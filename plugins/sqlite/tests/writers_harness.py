"""Lets many processes write events into one SQLite file at once.

A script: `writers_harness.py [PROCESSES EVENTS [SYNCHRONOUS [RUNS]]]` prints one line of JSON.
"""

import json
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from runrack.errors import RunrackError
from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_materialization, make_run
from runrack_sqlite import SqliteStorage


def write(base_dir: Path, events: int, synchronous: str, run_id: str) -> dict[str, object]:
    """Store events one by one, every second one about an asset; return how it went."""
    storage = SqliteStorage(base_dir, synchronous=synchronous)
    waits: list[float] = []
    errors: list[str] = []
    for place in range(events):
        entry = (
            make_materialization("asset", str(place), run_id)
            if place % 2
            else make_entry(EventType.STEP_START, run_id)
        )
        began = time.perf_counter()
        try:
            storage.store_events([entry])
        except RunrackError as error:
            errors.append(repr(error))
        waits.append(time.perf_counter() - began)
    storage.dispose()
    return {"errors": errors, "waits": waits}


def start_writer(base_dir: Path, events: int, synchronous: str, run_id: str, go: int) -> int:
    """Start a process that writes when `go` is closed; return the pipe that it reports through."""
    results, report = os.pipe()
    if os.fork() == 0:
        try:
            os.read(go, 1)
            with os.fdopen(report, "w") as out:
                json.dump(write(base_dir, events, synchronous, run_id), out)
        finally:
            os._exit(0)
    os.close(report)
    return results


def main(
    processes: int = 16, events: int = 1000, synchronous: str = "normal", runs: int = 16
) -> dict[str, object]:
    """Write, and return what arrived and how long a writer waited; the processes share the runs evenly."""
    with tempfile.TemporaryDirectory() as folder:
        base_dir = Path(folder)
        storage = SqliteStorage(base_dir)
        for number in range(runs):
            storage.run_storage.add_run(make_run(f"run_{number}"))
        storage.dispose()
        go, start = os.pipe()
        pipes = [
            start_writer(base_dir, events, synchronous, f"run_{number % runs}", go)
            for number in range(processes)
        ]
        began = time.perf_counter()
        os.write(start, b"." * processes)
        reports = [json.loads(os.fdopen(pipe).read()) for pipe in pipes]
        seconds = time.perf_counter() - began
        for _ in pipes:
            os.wait()
        database = sqlite3.connect(base_dir / "runrack.db")
        ((stored, distinct),) = database.execute("SELECT count(*), count(DISTINCT event_id) FROM events")
        database.close()
    waits = sorted(wait for report in reports for wait in report["waits"])
    return {
        "test": "sqlite_writers",
        "processes": processes,
        "events": processes * events,
        "synchronous": synchronous,
        "runs": runs,
        "stored": stored,
        "distinct": distinct,
        "errors": [error for report in reports for error in report["errors"]],
        "events_per_second": round(processes * events / seconds),
        "p50_ms": round(1000 * waits[len(waits) // 2], 2),
        "p99_ms": round(1000 * waits[len(waits) * 99 // 100], 2),
        "max_ms": round(1000 * waits[-1], 1),
    }


if __name__ == "__main__":
    counts, choice, runs = map(int, sys.argv[1:3]), sys.argv[3:4], map(int, sys.argv[4:5])
    sys.stdout.write(json.dumps(main(*counts, *choice, *runs)) + "\n")
