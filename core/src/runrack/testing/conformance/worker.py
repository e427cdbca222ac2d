"""What other processes do during a test: each function opens the storage, does one thing, and disposes of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing.connection import Connection
from typing import TypeVar

from msgspec.structs import replace

from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.interfaces.part import InstancePart
from runrack.interfaces.run_storage import RunStorage
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.interfaces.storage import Storage
from runrack.records.event_type import EventType
from runrack.records.run_queue import QueueLimits, RunsInProgress
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.records.tick import InstigatorState, ScheduleInstigatorData
from runrack.testing.builders import (
    make_entry,
    make_event,
    make_heartbeat,
    make_materialization,
    make_run,
    make_tick,
)

PartT = TypeVar("PartT", bound=InstancePart)


def write_runs(open_storage: Callable[[], RunStorage], run_id: str, size: int, number: int) -> None:
    """Add runs of this process, and set tags and write heartbeats that all processes share, in turns."""
    with _opened(open_storage) as storage:
        for index in range(size):
            storage.add_run(make_run(f"{number}-{index}"))
            storage.add_run_tags(run_id, {f"{number}-{index}": "value"})
            storage.add_daemon_heartbeat(make_heartbeat(daemon_id=f"{number}", timestamp=float(index)))


def start_run(open_storage: Callable[[], RunStorage], run_id: str, _number: int) -> bool:
    """Try to move one run to STARTED, and tell whether this process did."""
    with _opened(open_storage) as storage:
        return storage.handle_run_event(run_id, make_event(EventType.RUN_START))


def claim_runs(open_storage: Callable[[], RunStorage], number: int) -> list[str]:
    """Claim queued runs until none is queued any more, and start them; return the ids of those this process got."""
    found: list[str] = []
    with _opened(open_storage) as storage:
        while storage.get_runs_count(RunsFilter(statuses=[RunStatus.QUEUED])) > 0:
            for claim in storage.claim(f"process-{number}", 3600, limit=1 + 7 * number):
                found.append(claim.run_id)
                storage.handle_run_event(claim.run_id, make_event(EventType.RUN_STARTING), epoch=claim.epoch)
    return found


def serve_queue(
    open_storage: Callable[[], RunStorage], limits: QueueLimits, number: int
) -> tuple[list[str], list[RunsInProgress]]:
    """Claim, run and end queued runs until there are none; return which, and what was seen in progress meanwhile."""
    served: list[str] = []
    seen: list[RunsInProgress] = []
    with _opened(open_storage) as storage:
        while storage.list_queued(1):
            for claim in storage.claim_next(f"process-{number}", 3600, limits, limit=2):
                seen.append(storage.count_in_progress(limits.keys))
                served.append(claim.run_id)
                for each in (EventType.RUN_STARTING, EventType.RUN_START, EventType.RUN_SUCCESS):
                    storage.handle_run_event(claim.run_id, make_event(each), epoch=claim.epoch)
    return served, seen


def expire_claims(open_storage: Callable[[], RunStorage], size: int, _number: int) -> list[str]:
    """Expire up to `size` claims one by one, and return the ids of the runs this process was told."""
    found: list[str] = []
    with _opened(open_storage) as storage:
        for _ in range(size):
            found += [claim.run_id for claim in storage.expire(limit=1)]
    return found


def claim_ticks(open_storage: Callable[[], ScheduleStorage], size: int, number: int) -> list[int]:
    """Claim new ticks that all processes want, and take over those that are expired; return the ids of the own ones."""
    owner = f"process-{number}"
    with _opened(open_storage) as storage:
        claims = [storage.claim_tick(make_tick(), f"{key}", owner, 3600) for key in range(size)]
        dead = storage.list_expired_ticks()
        claims += [storage.take_over_tick(tick.tick_id, owner, 3600) for tick in dead]
    return [tick.tick_id for tick in claims if tick is not None]


def one_later(state: InstigatorState) -> InstigatorState:
    """Return the state of a schedule with a start that is a second later."""
    data = state.instigator_data
    assert isinstance(data, ScheduleInstigatorData)
    return replace(state, instigator_data=replace(data, start_timestamp=(data.start_timestamp or 0) + 1))


def store_messages(open_storage: Callable[[], EventLogStorage], size: int, number: int) -> list[int]:
    """Store messages of a run named after the number of the process, and return their storage ids."""
    with _opened(open_storage) as storage:
        return [
            storage.store_event(make_entry(f"{index}", run_id=f"run-{number}")).storage_id
            for index in range(size)
        ]


def claim_slot(open_storage: Callable[[], EventLogStorage], key: str, number: int) -> bool:
    """Claim a slot for a step of a run named after the number of the process, and tell whether it got one."""
    with _opened(open_storage) as storage:
        return storage.claim_concurrency_slot(key, f"run-{number}", "step").is_claimed


def report_start(open_storage: Callable[[], Storage], run_id: str, _number: int) -> bool:
    """Store the start of one run, and tell whether it counted."""
    with _opened(open_storage) as storage:
        (record,) = storage.store_events([make_entry(EventType.RUN_START, run_id)])
        return not record.late


def report_runs(open_storage: Callable[[], Storage], acknowledge: "Connection[str, None]") -> None:
    """Start and end runs until killed; send the id of each run as soon as the storage has acknowledged it."""
    storage = open_storage()
    for number in count():
        run_id = f"{number}"
        storage.run_storage.add_run(make_run(run_id))
        storage.store_events([make_entry(EventType.RUN_START, run_id)])
        storage.store_events([make_materialization(run_id=run_id), make_entry(EventType.RUN_SUCCESS, run_id)])
        acknowledge.send(run_id)


@contextmanager
def _opened(open_storage: Callable[[], PartT]) -> Iterator[PartT]:
    storage = open_storage()
    try:
        yield storage
    finally:
        storage.dispose()
