"""Whether readers who go on from their cursors see every event once while other processes store events."""

import multiprocessing
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass

from runrack.interfaces.event_log import NO_RECORD, EventLog
from runrack.interfaces.storage import Storage
from runrack.records.event import EventLogEntry
from runrack.testing.builders import make_entry

_LARGEST_BATCH = 20
_PAGE = 1000
_SILENCE_SECONDS = 30.0


@dataclass(frozen=True)
class TailingReport:
    """What the readers saw, all of them together.

    Attributes:
        events: How many events were stored.
        seen: How many events the readers saw, each counted once for each reader.
        missed: How many events some reader did not see, counted likewise.
        doubled: How many events some reader saw more than once.
        disordered: How many events a reader saw before one that the same writer had stored earlier.
    """

    events: int
    seen: int
    missed: int
    doubled: int
    disordered: int


def tail_while_writing(
    openers: Sequence[Callable[[], Storage]], events: int, *, writers: int = 8
) -> TailingReport:
    """Store events from several processes while three readers tail the log, and return what those saw.

    One reader goes by storage ids over all runs, one by the pages of each run, one watches each run. Each writer has a run
    of its own, and stores it in batches of random size.

    Args:
        openers: How to open the storage; used in turn by the writers, and the first by the readers. They are sent to
            other processes.
        events: How many events all writers store together.
        writers: How many processes write.
    """
    each = events // writers
    run_ids = [f"run-{number}" for number in range(writers)]
    all_are_stored = threading.Event()
    readers = [_tail_by_id, _tail_by_page, _watch]
    spawn = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(writers, mp_context=spawn) as processes,
        ThreadPoolExecutor(len(readers)) as threads,
    ):
        reading = [
            threads.submit(_read, reader, openers[0], run_ids, each, all_are_stored) for reader in readers
        ]
        writing = [
            processes.submit(_write, openers[number % len(openers)], run_id, each)
            for number, run_id in enumerate(run_ids)
        ]
        try:
            for written in writing:
                written.result()
        finally:
            all_are_stored.set()
        return _judge([read.result() for read in reading], run_ids, each)


Seen = list[tuple[str, int]]
"""Run and number of each event, in the order in which a reader saw them."""

Reader = Callable[[EventLog, Sequence[str], int, threading.Event], Seen]


def _write(open_storage: Callable[[], Storage], run_id: str, events: int) -> None:
    chance = random.Random(run_id)  # noqa: S311 - no secret depends on it
    storage = open_storage()
    stored = 0
    while stored < events:
        size = min(chance.randint(1, _LARGEST_BATCH), events - stored)
        storage.store_events([make_entry(f"{number}", run_id) for number in range(stored, stored + size)])
        stored += size
    storage.dispose()


def _read(
    reader: Reader,
    open_storage: Callable[[], Storage],
    run_ids: Sequence[str],
    each: int,
    all_are_stored: threading.Event,
) -> Seen:
    storage = open_storage()
    try:
        return reader(storage.event_log_storage, run_ids, each, all_are_stored)
    finally:
        storage.dispose()


def _tail_by_id(log: EventLog, _run_ids: Sequence[str], _each: int, all_are_stored: threading.Event) -> Seen:
    cursor = NO_RECORD

    def look() -> Iterator[EventLogEntry]:
        nonlocal cursor
        while new := log.get_logs_for_all_runs_by_log_id(cursor, limit=_PAGE):
            cursor = max(new)
            yield from new.values()

    return _look_until(all_are_stored, look)


def _tail_by_page(log: EventLog, run_ids: Sequence[str], _each: int, all_are_stored: threading.Event) -> Seen:
    cursors: dict[str, str | None] = dict.fromkeys(run_ids)

    def look() -> Iterator[EventLogEntry]:
        for run_id, cursor in cursors.items():
            page = log.get_records_for_run(run_id, cursor, limit=_PAGE)
            cursors[run_id] = page.cursor
            yield from (record.event_log_entry for record in page.records)

    return _look_until(all_are_stored, look)


def _watch(log: EventLog, run_ids: Sequence[str], each: int, all_are_stored: threading.Event) -> Seen:
    seen: Seen = []
    progress = threading.Event()

    def see(entry: EventLogEntry, _cursor: str) -> None:
        seen.append(_fact(entry))
        progress.set()

    for run_id in run_ids:
        log.watch(run_id, None, see)
    all_are_stored.wait()
    # What is missing may still be on its way. What never comes is noticed when nothing has come for a while.
    while len(seen) < each * len(run_ids) and progress.wait(_SILENCE_SECONDS):
        progress.clear()
    log.end_all_watches()
    return seen


def _look_until(all_are_stored: threading.Event, look: Callable[[], Iterator[EventLogEntry]]) -> Seen:
    seen: Seen = []
    while True:
        is_last_look = all_are_stored.is_set()
        new = [_fact(entry) for entry in look()]
        seen += new
        if is_last_look and not new:
            return seen


def _fact(entry: EventLogEntry) -> tuple[str, int]:
    return entry.run_id, int(entry.user_message)


def _judge(readings: Sequence[Seen], run_ids: Sequence[str], each: int) -> TailingReport:
    stored = Counter((run_id, number) for run_id in run_ids for number in range(each))
    counts = [Counter(seen) for seen in readings]
    return TailingReport(
        events=each * len(run_ids),
        seen=sum(len(count) for count in counts),
        missed=sum((stored - count).total() for count in counts),
        doubled=sum((count - stored).total() for count in counts),
        disordered=sum(_count_disordered(seen) for seen in readings),
    )


def _count_disordered(seen: Seen) -> int:
    latest: dict[str, int] = {}
    disordered = 0
    for run_id, number in seen:
        disordered += number < latest.get(run_id, -1)
        latest[run_id] = max(number, latest.get(run_id, -1))
    return disordered
