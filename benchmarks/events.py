"""Events per second that one process stores, beside what SQLite itself takes for rows of the same size.

Each kind runs in turn, round after round, so that a slow moment of the machine hits all of them alike; the figure is the
median. "raw" is the standard library's sqlite3 with one table, one unique index and one index by run: the least that a
log needs. Every call has committed when it returns (WAL, `synchronous=normal`).
"""

import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from runrack.records.asset import AssetMaterialization
from runrack.records.codec import encode
from runrack.records.event import Event, EventLogEntry
from runrack.records.event_data import StepMaterializationData
from runrack.records.event_type import EventType
from runrack.records.run import Run
from runrack_sqlite import SqliteStorage

ROUNDS = 5
EVENTS = 2000
BATCH = 100
MESSAGE = "m" * 120
METADATA = {"rows": 1234, "path": "/data/warehouse/table/part-001", "seconds": 1.5}

Store = Callable[[Sequence[EventLogEntry]], object]


def log_line(run_id: str, _: int) -> EventLogEntry:
    return EventLogEntry(None, 20, MESSAGE, run_id, time.time(), "step_0", "bench_job")


def materialization(run_id: str, number: int) -> EventLogEntry:
    fact = AssetMaterialization(["warehouse", f"table_{number % 1000:04}"], metadata=METADATA)
    event = Event(EventType.ASSET_MATERIALIZATION, "bench_job", "step_0", None, StepMaterializationData(fact))
    return EventLogEntry(None, 20, "", run_id, time.time(), "step_0", "bench_job", event)


def open_raw(folder: Path) -> Store:
    database = sqlite3.connect(folder / "raw.db", isolation_level=None)
    database.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        "CREATE TABLE events (id INTEGER PRIMARY KEY, event_id TEXT UNIQUE, run_id TEXT, timestamp REAL, body TEXT);"
        "CREATE INDEX by_run ON events (run_id, id);"
    )
    insert = "INSERT INTO events (event_id, run_id, timestamp, body) VALUES (?, ?, ?, ?)"

    def store(entries: Sequence[EventLogEntry]) -> None:
        rows = [(entry.event_id, entry.run_id, entry.timestamp, encode(entry)) for entry in entries]
        database.execute("BEGIN IMMEDIATE")
        database.executemany(insert, rows)
        database.execute("COMMIT")

    return store


def events_per_second(store: Store, entries: Sequence[EventLogEntry], batch: int) -> float:
    began = time.perf_counter()
    for start in range(0, len(entries), batch):
        store(entries[start : start + batch])
    return len(entries) / (time.perf_counter() - began)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = open_raw(Path(folder))
        storage = SqliteStorage(folder)
        kinds = [
            (name, batch, make, store)
            for name, make in (("log line", log_line), ("materialization", materialization))
            for batch in (1, BATCH)
            for store in (raw, storage.store_events)
        ]
        figures: dict[tuple[str, int, bool], list[float]] = {}
        for _ in range(ROUNDS):
            for name, batch, make, store in kinds:
                run = storage.run_storage.add_run(Run(job_name="bench_job"))
                entries = [make(run.run_id, number) for number in range(EVENTS)]
                rate = events_per_second(store, entries, batch)
                figures.setdefault((name, batch, store is raw), []).append(rate)
        storage.dispose()
    for name, batch in dict.fromkeys((name, batch) for name, batch, _ in figures):
        ours, limit = (statistics.median(figures[name, batch, is_raw]) for is_raw in (False, True))
        line = {"events_per_second": round(ours), "raw": round(limit), "ratio": round(ours / limit, 2)}
        print(json.dumps({"benchmark": "events", "event": name, "batch": batch, **line}))


if __name__ == "__main__":
    main()
