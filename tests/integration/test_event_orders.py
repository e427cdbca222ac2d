"""Run events of three writers in any order: the status of a run changes only as it may, for the holder of its epoch.

`RUNRACK_EVENT_ORDERS` says how many orders are tried with each storage, if not 300.
"""

import os
import random

import pytest

from runrack.records.event_type import STATUS_AFTER
from runrack.records.run_status import FINISHED, TRANSITIONS, RunStatus
from runrack.testing.builders import make_entry, make_run
from runrack_memory import MemoryStorage
from runrack_sqlite import SqliteStorage

ORDERS = int(os.environ.get("RUNRACK_EVENT_ORDERS", "300"))
LONGEST = 6
WRITERS = 3
TYPES = sorted(STATUS_AFTER)


@pytest.fixture(params=["memory", "sqlite"])
def storage(request, tmp_path):
    opened = MemoryStorage() if request.param == "memory" else SqliteStorage(str(tmp_path))
    yield opened
    opened.dispose()


def test_events_of_three_writers_in_any_order(storage):
    """A writer claims the run when it first writes. What counts is exactly what the holder may say; the rest is late."""
    choose = random.Random(ORDERS)
    for _ in range(ORDERS):
        length = choose.randint(1, LONGEST)
        steps = [(choose.randrange(WRITERS), choose.choice(TYPES)) for _ in range(length)]
        assert replay(storage, steps) == expected(steps), steps


def replay(storage, steps):
    """Return after each step the status of the run and whether the event came late, and how many events are stored."""
    run = storage.run_storage.add_run(make_run())
    epochs, seen = {}, []
    for writer, event_type in steps:
        status = storage.run_storage.get_run_by_id(run.run_id).status
        if writer not in epochs and status not in FINISHED:
            (claim,) = storage.run_storage.claim(f"{writer}", 0, run_ids=[run.run_id], status=status)
            epochs[writer] = claim.epoch
        entry = make_entry(event_type, run.run_id)
        (record,) = storage.store_events([entry], epoch=epochs.get(writer))
        seen.append((storage.run_storage.get_run_by_id(run.run_id).status, record.late))
    return seen, len(storage.event_log_storage.get_logs_for_run(run.run_id))


def expected(steps):
    """Return what `replay` does by the rules alone."""
    status, holder, known, seen = RunStatus.NOT_STARTED, None, set(), []
    for writer, event_type in steps:
        if writer not in known and status not in FINISHED:
            known.add(writer)
            holder = writer
        may = writer == holder or writer not in known
        counts = may and STATUS_AFTER[event_type] in TRANSITIONS[status]
        status = STATUS_AFTER[event_type] if counts else status
        seen.append((status, not counts))
    return seen, len(steps)
