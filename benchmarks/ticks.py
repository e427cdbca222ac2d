"""Milliseconds that questions about ticks take at 10,000 and at 100,000 ticks of 100 instigators.

Of 1,000 ticks of an instigator one has failed. Each question is asked ROUNDS times; the figures are the median of the time,
and of the processor time in this process. `growth` is the time at 100,000 over the time at 10,000.

    python benchmarks/ticks.py sqlite
    python benchmarks/ticks.py postgres      # on a server of its own, vacuumed after each load as it does by itself
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import insert

from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.records.codec import encode
from runrack.records.tick import TickStatus
from runrack.testing.builders import make_tick
from runrack_sql.schedule_storage import SqlScheduleStorage
from runrack_sql.schema import ticks

SIZES = (10_000, 100_000)
INSTIGATORS = 100
ROUNDS = 20
PORTION = 5000
START = 1_700_000_000.0
NAMES = [f"schedule_{number}" for number in range(INSTIGATORS)]
SELECTORS = [make_tick(name).selector_id for name in NAMES]

QUESTIONS: Mapping[str, Callable[[ScheduleStorage], object]] = {
    "newest of one": lambda storage: storage.get_ticks(SELECTORS[:1], limit=1),
    "newest 25 of one": lambda storage: storage.get_ticks(SELECTORS[:1], limit=25),
    "25 of one before a moment": lambda storage: storage.get_ticks(
        SELECTORS[:1], before=START + 5_000, limit=25
    ),
    "newest failure of one": lambda storage: storage.get_ticks(
        SELECTORS[:1], limit=1, statuses=[TickStatus.FAILURE]
    ),
    "newest of each of 100": lambda storage: storage.get_batch_ticks(SELECTORS, limit=1),
    "newest 5 of each of 100": lambda storage: storage.get_batch_ticks(SELECTORS, limit=5),
    "newest failure of each of 100": lambda storage: storage.get_batch_ticks(
        SELECTORS, limit=1, statuses=[TickStatus.FAILURE]
    ),
    "newest 25 of all": lambda storage: storage.get_ticks(limit=25),
}


def load(storage: SqlScheduleStorage, start: int, stop: int) -> None:
    """Write the rows of ticks as `create_tick` would, many at a time."""
    for first in range(start, stop, PORTION):
        rows = []
        for number in range(first, min(first + PORTION, stop)):
            has_failed = number // INSTIGATORS % 1000 == 0
            status = TickStatus.FAILURE if has_failed else TickStatus.SKIPPED
            tick = make_tick(NAMES[number % INSTIGATORS], START + number, status)
            rows.append(
                {
                    "selector_id": tick.selector_id,
                    "status": tick.status.value,
                    "timestamp": tick.timestamp,
                    "body": encode(tick),
                }
            )
        with storage.database.write() as conn:
            conn.execute(insert(ticks), rows)


def measure(question: Callable[[ScheduleStorage], object], storage: ScheduleStorage) -> tuple[float, float]:
    """Return the median of the time and of the processor time, in milliseconds."""
    took, worked = [], []
    for _ in range(ROUNDS + 1):
        began, had_worked = time.perf_counter(), time.process_time()
        question(storage)
        took.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - had_worked) * 1000)
    return statistics.median(took[1:]), statistics.median(worked[1:])


@contextmanager
def opened(database: str) -> Iterator[tuple[SqlScheduleStorage, Callable[[], object]]]:
    """Give an empty storage, and what brings its database to rest after much was loaded."""
    if database == "postgres":
        import psycopg

        from runrack.testing.postgres import own_postgres_server
        from runrack_postgres import PostgresScheduleStorage

        with (
            own_postgres_server() as server,
            server.database() as url,
            psycopg.connect(url, autocommit=True) as vacuum,
        ):
            yield PostgresScheduleStorage(url), lambda: vacuum.execute("VACUUM ANALYZE")
    else:
        from runrack_sqlite import SqliteScheduleStorage

        with tempfile.TemporaryDirectory() as folder:
            yield SqliteScheduleStorage(folder), lambda: None


def main(database: str) -> None:
    """Print a JSON line for each question."""
    figures: dict[str, list[tuple[float, float]]] = {}
    with opened(database) as (storage, settle):
        loaded = 0
        for size in SIZES:
            load(storage, loaded, size)
            loaded = size
            settle()
            for name, question in QUESTIONS.items():
                figures.setdefault(name, []).append(measure(question, storage))
        storage.dispose()
    for name, each in figures.items():
        at = {f"ms_at_{size}": round(took, 2) for size, (took, _) in zip(SIZES, each, strict=True)}
        line = {"benchmark": "ticks", "database": database, "question": name, **at}
        print(
            json.dumps({**line, "cpu_ms": round(each[1][1], 2), "growth": round(each[1][0] / each[0][0], 2)})
        )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "sqlite")
