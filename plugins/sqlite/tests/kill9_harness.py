"""Kills writers of one SQLite file at random moments, and looks whether the file keeps what was promised.

A script: `kill9_harness.py [KILLS [SEED]]` prints one line of JSON.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from runrack.records.event import EventLogEntry
from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_materialization, make_run
from runrack_sql.testing.agreement import count_torn, list_event_ids
from runrack_sqlite import SqliteStorage

WRITERS = 4
LONGEST_LIFE_SECONDS = 0.15


def calls_of_a_run(run_id: str, seed: int) -> Iterator[list[EventLogEntry]]:
    """What a run stores, one call after the other."""
    yield [make_entry(EventType.RUN_STARTING, run_id)]
    yield [make_entry(EventType.RUN_START, run_id), make_entry(EventType.STEP_START, run_id)]
    for number in range(5):
        yield [
            make_materialization(f"asset_{(seed + number) % 7}", f"partition_{number}", run_id),
            make_entry("a line of the log", run_id),
        ]
    yield [make_entry(EventType.STEP_SUCCESS, run_id), make_entry(EventType.RUN_SUCCESS, run_id)]


def write_until_killed(base_dir: Path, acknowledged: int, ready: int, seed: int) -> None:
    """Store runs one after the other, and write down each event id after the call that stored it has returned."""
    storage = SqliteStorage(base_dir)
    while True:
        run = storage.run_storage.add_run(make_run())
        storage.event_log_storage.claim_concurrency_slot("key", run.run_id, "step")
        for entries in calls_of_a_run(run.run_id, seed):
            storage.store_events(entries)
            os.write(acknowledged, "".join(f"{entry.event_id}\n" for entry in entries).encode())
            os.write(ready, b".")


def start_writer(base_dir: Path, acknowledged: int, seed: int) -> tuple[int, int]:
    """Start a writer; return its process id and a pipe that tells when it has stored something."""
    told, ready = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.close(told)
            write_until_killed(base_dir, acknowledged, ready, seed)
        finally:
            os._exit(1)
    os.close(ready)
    return process, told


def kill_a_round(base_dir: Path, acknowledged: int, chance: random.Random) -> int:
    """Start writers, kill each at some moment after its first call; return how many had ended by themselves."""
    writers = [start_writer(base_dir, acknowledged, seed) for seed in range(WRITERS)]
    for _, told in writers:
        os.read(told, 1)
    failed = 0
    for process, told in writers:
        time.sleep(chance.uniform(0, LONGEST_LIFE_SECONDS))
        os.kill(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        failed += not os.WIFSIGNALED(status)
        os.close(told)
    return failed


def look(path: Path, acknowledged: set[str]) -> dict[str, object]:
    """What the file says, read without runrack."""
    with closing(sqlite3.connect(path)) as database:
        stored = set(list_event_ids(database.execute))
        torn = count_torn(database.execute)
        integrity = database.execute("PRAGMA integrity_check").fetchone()[0]
    return {
        "stored": len(stored),
        "acknowledged": len(acknowledged),
        "lost": len(acknowledged - stored),
        "torn": torn,
        "integrity": integrity,
    }


def main(kills: int = 100, seed: int = 0) -> dict[str, object]:
    """Kill writers and return what was found, after the last round and the worst of every round."""
    chance = random.Random(seed)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        base_dir = Path(folder)
        acknowledgements = base_dir / "acknowledged"
        descriptor = os.open(acknowledgements, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        failed, lost, torn, damaged = 0, 0, 0, 0
        found: dict[str, object] = {}
        for _ in range(-(-kills // WRITERS)):
            failed += kill_a_round(base_dir, descriptor, chance)
            found = look(base_dir / "runrack.db", set(acknowledgements.read_text().split()))
            lost, torn = max(lost, int(str(found["lost"]))), max(torn, int(str(found["torn"])))
            damaged += found["integrity"] != "ok"
        os.close(descriptor)
    worst = {"lost": lost, "torn": torn, "damaged": damaged, "failed_writers": failed}
    seconds = round(time.monotonic() - started, 1)
    return {"test": "kill9", "kills": -(-kills // WRITERS) * WRITERS, **found, **worst, "seconds": seconds}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*map(int, sys.argv[1:]))) + "\n")
