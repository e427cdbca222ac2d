"""Events of one run from three writers in random order, against the table of legal transitions.

    python benchmarks/event_orders.py [KIND] [CASES] [SEED]

KIND is memory, sqlite, postgres or mariadb; memory and sqlite by default, with 20,000 cases each. A case is a run, which a worker has
claimed and then another, and up to six events of it: each from the worker of old, from the present one, or from somebody without a claim.
After each event the stored status has to be what the table allows: an event that it does not allow, and every event of the worker
of old, is kept as late and changes nothing. Exits with 1 otherwise.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from runrack.interfaces.storage import Storage
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus
from runrack.testing.builders import make_entry, make_run

LONGEST = 6
SERVERS = {"postgres": ("runrack_postgres", "PostgresStorage"), "mariadb": ("runrack_mysql", "MySQLStorage")}

TOLD = {
    EventType.RUN_ENQUEUED: RunStatus.QUEUED,
    EventType.RUN_STARTING: RunStatus.STARTING,
    EventType.RUN_START: RunStatus.STARTED,
    EventType.RUN_SUCCESS: RunStatus.SUCCESS,
    EventType.RUN_FAILURE: RunStatus.FAILURE,
    EventType.RUN_CANCELING: RunStatus.CANCELING,
    EventType.RUN_CANCELED: RunStatus.CANCELED,
}
LEGAL = {
    "NOT_STARTED": "QUEUED STARTING STARTED CANCELING CANCELED FAILURE",
    "QUEUED": "STARTING CANCELING CANCELED FAILURE",
    "STARTING": "QUEUED STARTED CANCELING CANCELED FAILURE",
    "STARTED": "SUCCESS CANCELING CANCELED FAILURE",
    "CANCELING": "SUCCESS CANCELED FAILURE",
    "SUCCESS": "",
    "FAILURE": "",
    "CANCELED": "",
}


class Said(NamedTuple):
    """One event: who says what; the epoch is 1 for the worker of old, 2 for the present one, None without a claim."""

    epoch: int | None
    event_type: EventType


def main(kind: str = "", cases: str = "20000", seed: str = "1") -> None:
    """Try the orders, and print what came of it."""
    illegal = [
        found
        for each in ([kind] if kind else ["memory", "sqlite"])
        for found in try_kind(each, int(cases), int(seed))
    ]
    for found in illegal[:20]:
        print(found)
    if illegal:
        sys.exit(1)


def try_kind(kind: str, cases: int, seed: int) -> list[str]:
    """Return what was stored against the table."""
    choose = random.Random(seed)
    began = time.perf_counter()
    with storage_of(kind) as storage:
        illegal = [found for number in range(cases) for found in try_order(storage, f"{number}", choose)]
    print(
        f"{kind}: {cases} orders of up to {LONGEST} events, {len(illegal)} illegal transitions, {time.perf_counter() - began:.0f} s"
    )
    return illegal


def try_order(storage: Storage, run_id: str, choose: random.Random) -> Iterator[str]:
    """Store the events of one run, and yield what is against the table."""
    first = choose.choice([RunStatus.NOT_STARTED, RunStatus.QUEUED, RunStatus.STARTING, RunStatus.STARTED])
    storage.run_storage.add_run(make_run(run_id, status=first))
    for worker in ("old", "new"):
        (claim,) = storage.run_storage.claim(worker, 3600, run_ids=[run_id], status=first)
        if worker == "old":
            storage.run_storage.release(claim)
    expected = first
    said: list[Said] = []
    for _ in range(choose.randint(1, LONGEST)):
        said.append(Said(choose.choice([None, claim.epoch - 1, claim.epoch]), choose.choice(list(TOLD))))
        told = TOLD[said[-1].event_type]
        counts = said[-1].epoch in {None, claim.epoch} and told in LEGAL[expected].split()
        (record,) = storage.store_events([make_entry(said[-1].event_type, run_id)], epoch=said[-1].epoch)
        expected = told if counts else expected
        found = storage.run_storage.get_run_by_id(run_id)
        if found is None or (found.status, record.late) != (expected, not counts):
            yield f"{first} {said}: {found and found.status}, late {record.late}; expected {expected}"


@contextmanager
def storage_of(kind: str) -> Iterator[Storage]:
    """Give an empty storage."""
    if kind == "memory":
        yield import_module("runrack_memory").MemoryStorage()
        return
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield import_module("runrack_sqlite").SqliteStorage(Path(folder))
        return
    module, name = SERVERS[kind]
    own_server = getattr(import_module(f"runrack.testing.{kind}"), f"own_{kind}_server")
    with own_server() as server, server.database() as url:
        storage = getattr(import_module(module), name)(url)
        yield storage
        storage.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
