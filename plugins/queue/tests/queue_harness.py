"""Experiments with a queue and real processes; each prints its figures as a line of JSON.

    queue_harness.py drain KIND RUNS DAEMONS [KILL_SECONDS]   each run is launched once, by whatever number of daemons
    queue_harness.py limits KIND RUNS DAEMONS [SECONDS]       limits hold at every commit; runs last SECONDS on average
    queue_harness.py backlog KIND RUNS                        what a look at a queue costs of which nothing may go
    queue_harness.py enqueue KIND RUNS                        what submitting one run costs

KIND is sqlite, postgres or mariadb. A daemon that is killed is replaced; its claims run out after a few seconds.
"""

# ruff: noqa: T201 - a script that prints figures

from __future__ import annotations

import gc
import heapq
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from typing_extensions import override

from runrack.errors import StaleClaimError
from runrack.instance.instance import Instance
from runrack.interfaces.run_launcher import LaunchRunContext, RunLauncher
from runrack.records.event import Event, EventLogRecord, event_entry
from runrack.records.event_filter import EventRecordsFilter
from runrack.records.event_type import EventType
from runrack.records.run import RemoteJobOrigin, Run
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.testing.launching import FakeDaemon, new_run
from runrack_queue import QueuedRunCoordinator
from runrack_queue.dequeue_loop import DequeueLoop
from runrack_sql.run_row import run_row, tag_rows
from runrack_sql.schema import run_tags
from runrack_sql.schema import runs as run_table

SERVERS = {"postgres": ("runrack_postgres", "PostgresStorage"), "mariadb": ("runrack_mysql", "MySQLStorage")}

LEASE_SECONDS = 3.0
IDLE_SECONDS = 0.02

POOLS = {f"pool{number}": 1 + number % 3 for number in range(7)}
"""The tag keys of the experiment with limits: how many runs with each may be in progress."""

ALL_RUNS = 25


class HandingOver(RunLauncher):
    """Notes each launch in a file, and lets a worker that does nothing take the run over."""

    def __init__(self, log: Path) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    @override
    def launch_run(self, context: LaunchRunContext) -> None:
        assert context.claim is not None
        os.write(self._log, f"{context.claim.run_id} {context.claim.epoch}\n".encode())
        self.instance.run_storage.renew(context.claim, 86_400, owner=f"worker of {context.claim.run_id}")

    @override
    def terminate(self, run_id: str) -> bool:
        return False


class ShortWork(RunLauncher):
    """Lets each run last for a random time: a thread takes the part of all workers."""

    def __init__(self, mean_seconds: float) -> None:
        self._mean_seconds = mean_seconds
        self._due: list[tuple[float, str, int, str]] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._end_all, daemon=True).start()

    @override
    def launch_run(self, context: LaunchRunContext) -> None:
        claim = context.claim
        assert claim is not None
        due = time.monotonic() + random.uniform(0.2, 1.8) * self._mean_seconds
        with self._changed:
            heapq.heappush(self._due, (due, claim.run_id, claim.epoch, context.run.job_name))
            self._changed.notify()

    @override
    def terminate(self, run_id: str) -> bool:
        return False

    def wait_for_all(self) -> None:
        """Wait until every run has ended."""
        with self._changed:
            self._changed.wait_for(lambda: not self._due)

    def _end_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due)
                due, run_id, epoch, job_name = self._due[0]
            pause = due - time.monotonic()
            if pause > 0:
                time.sleep(min(pause, 0.01))
                continue
            ends = [
                Event(event_type, job_name) for event_type in (EventType.RUN_START, EventType.RUN_SUCCESS)
            ]
            self.instance.handle_new_events([event_entry(event, run_id) for event in ends], epoch=epoch)
            with self._changed:
                heapq.heappop(self._due)
                self._changed.notify_all()


@contextmanager
def database(kind: str) -> Iterator[str]:
    """Give the address of an empty storage."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield folder
        return
    own_server = getattr(import_module(f"runrack.testing.{kind}"), f"own_{kind}_server")
    with own_server() as server, server.database() as url:
        yield url


def open_storage(kind: str, address: str) -> Any:
    """Return the storage at an address."""
    if kind == "sqlite":
        from runrack_sqlite import SqliteStorage

        return SqliteStorage(Path(address))
    module, name = SERVERS[kind]
    return getattr(import_module(module), name)(address)


@contextmanager
def instance_of(kind: str, address: str, launcher: RunLauncher, **config: Any) -> Iterator[Instance]:
    """Give an instance with a queue."""
    coordinator = QueuedRunCoordinator(**config)
    with Instance(
        storage=open_storage(kind, address), run_launcher=launcher, run_coordinator=coordinator
    ) as instance:
        yield instance


def limits_config() -> dict[str, Any]:
    """Return the configuration of the experiment with limits."""
    pools = [{"key": key, "limit": limit} for key, limit in POOLS.items()]
    return {"max_concurrent_runs": ALL_RUNS, "tag_concurrency_limits": pools}


def daemon(kind: str, address: str, log: str, mean_seconds: str) -> None:
    """Be a daemon that works until the queue is empty."""
    mean = float(mean_seconds)
    launcher = ShortWork(mean) if mean else HandingOver(Path(log))
    config = limits_config() if mean else {"max_concurrent_runs": -1}
    with instance_of(kind, address, launcher, **config) as instance:
        context = FakeDaemon(instance, owner=f"daemon {os.getpid()} {time.time_ns()}")
        loop = DequeueLoop(
            instance.run_coordinator, IDLE_SECONDS, launch_seconds=LEASE_SECONDS, start_seconds=LEASE_SECONDS
        )
        while instance.run_storage.list_queued(1):
            with suppress(StaleClaimError):
                loop.run_once(context)
            time.sleep(IDLE_SECONDS)
        if isinstance(launcher, ShortWork):
            launcher.wait_for_all()


def fill(storage: Any, runs: int, tags_of: Callable[[int], Mapping[str, str]] = lambda _: {}) -> None:
    """Queue runs in an empty storage, many with one statement."""
    origin = RemoteJobOrigin("here", "job")
    made = (
        Run(job_name="job", remote_job_origin=origin, status=RunStatus.QUEUED, tags=tags_of(number))
        for number in range(runs)
    )
    now = datetime.now(UTC)
    for number, some in enumerate(chunks(made, 1000)):
        by_id = dict(enumerate(some, start=1 + 1000 * number))
        tags = [row for row_id, run in by_id.items() for row in tag_rows(row_id, run.tags)]
        with storage.run_storage.database.write() as conn:
            conn.execute(
                insert(run_table), [{**run_row(run, now), "id": row_id} for row_id, run in by_id.items()]
            )
            if tags:
                conn.execute(insert(run_tags), tags)


def chunks(runs: Iterator[Run], size: int) -> Iterator[list[Run]]:
    """Yield runs in portions."""
    while portion := list(islice(runs, size)):
        yield portion


class Daemons:
    """Daemons that are processes; those that are killed are replaced."""

    def __init__(self, count: int, *arguments: object) -> None:
        self._command = [sys.executable, __file__, "daemon", *map(str, arguments)]
        self._processes = [self._start() for _ in range(count)]
        self.kills = 0

    @property
    def are_at_work(self) -> bool:
        """Whether one of them has not found the queue empty yet."""
        return any(process.poll() is None for process in self._processes)

    def is_needed_again(self, instance: Instance) -> bool:
        """Tell whether a daemon that was killed last has left a run behind, and start one when it is in the queue again."""
        records = instance.get_run_records(RunsFilter(statuses=[RunStatus.STARTING, RunStatus.QUEUED]))
        if all(record.owner == f"worker of {record.run.run_id}" for record in records):
            return False
        if instance.run_storage.list_queued(1):
            self._processes.append(self._start())
        return True

    def kill_one(self) -> None:
        """Kill one at random, and start another."""
        place = random.randrange(len(self._processes))
        if self._processes[place].poll() is None:
            self._processes[place].kill()
            self._processes[place].wait()
            self._processes[place] = self._start()
            self.kills += 1

    def check(self) -> None:
        """Raise if one of them failed."""
        for process in self._processes:
            if process.wait() != 0:
                msg = f"a daemon ended with {process.returncode}"
                raise RuntimeError(msg)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command)


def drain(kind: str, runs: int, daemons: int, kill_seconds: float = 0) -> dict[str, Any]:
    """Let daemons launch all runs of a queue, and tell what they launched."""
    with database(kind) as address, tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "launches")
        with instance_of(kind, address, HandingOver(log), max_concurrent_runs=-1) as instance:
            fill(instance.storage, runs)
            began = time.monotonic()
            crew = Daemons(daemons, kind, address, log, 0)
            next_kill, launched = began + kill_seconds, 0
            while crew.are_at_work or crew.is_needed_again(instance):
                time.sleep(0.05)
                # On a busy machine, daemons that are killed before they have done anything would never get on.
                size = log.stat().st_size
                if kill_seconds and time.monotonic() > next_kill and size > launched:
                    crew.kill_one()
                    next_kill, launched = time.monotonic() + kill_seconds, size
                requeue_lost_runs(instance)
            seconds = time.monotonic() - began
            crew.check()
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            launches = log.read_text().splitlines()
            records = instance.get_run_records(limit=runs + 1)
            handed_over = [record for record in records if record.owner == f"worker of {record.run.run_id}"]
            is_starting = [record.run.status is RunStatus.STARTING for record in records]
    return {
        "launches": len(launches),
        "launches_of_one_claim_twice": len(launches) - len(set(launches)),
        "runs": len({line.split()[0] for line in launches}),
        "runs_with_a_worker": len(handed_over),
        "runs_that_are_starting": sum(is_starting),
        "kills": crew.kills,
        "cpu_seconds_of_daemons": round(used.ru_utime + used.ru_stime, 1),
        "seconds": round(seconds, 1),
    }


def requeue_lost_runs(instance: Instance) -> None:
    """Do what the daemon's monitoring does: put back what a daemon was launching when it died."""
    for claim in instance.run_storage.expire():
        run = instance.get_run_by_id(claim.run_id)
        if run is not None and run.status is RunStatus.STARTING:
            instance.run_coordinator.requeue_run(run, "Its daemon died.", claim.epoch + 1)


def limits(kind: str, runs: int, daemons: int, mean_seconds: float = 0.5) -> dict[str, Any]:
    """Let daemons work a queue off under limits, and replay the log: what was in progress after each commit."""
    keys = [None, *POOLS]
    chosen = random.Random(runs).choices(keys, [7, *POOLS.values()], k=runs)
    with (
        database(kind) as address,
        instance_of(kind, address, HandingOver(Path(os.devnull)), **limits_config()) as instance,
    ):
        fill(instance.storage, runs, lambda number: {chosen[number]: "x"} if chosen[number] else {})
        began = time.monotonic()
        crew = Daemons(daemons, kind, address, os.devnull, mean_seconds)
        crew.check()
        seconds = time.monotonic() - began
        pool_of = {
            record.run.run_id: next(iter(record.run.tags), None)
            for record in instance.get_run_records(limit=runs)
        }
        ended = instance.get_runs_count(RunsFilter(statuses=[RunStatus.SUCCESS]))
        events = [
            record
            for event_type in (EventType.RUN_STARTING, EventType.RUN_SUCCESS)
            for record in all_records(instance, event_type)
        ]
    report = replay(sorted(events, key=lambda record: record.storage_id), pool_of)
    return {**report, "ended": ended, "seconds": round(seconds, 1)}


def all_records(instance: Instance, event_type: EventType) -> Iterator[EventLogRecord]:
    """Yield the records of a type, oldest first."""
    cursor = None
    while True:
        page = instance.get_event_records(
            EventRecordsFilter(event_type, after_cursor=cursor), 1000, ascending=True
        )
        yield from page
        if len(page) < 1000:
            return
        cursor = page[-1].storage_id


def replay(records: Sequence[EventLogRecord], pool_of: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the most runs that were in progress together, and how much of what the limits allowed was used.

    What is used is counted as long as every place could be taken: while enough runs of every kind wait.
    """
    waiting = Counter(pool_of.values())
    running: Counter[str | None] = Counter()
    most: Counter[str | None] = Counter()
    most_in_all = used = allowed = 0.0
    last = records[0].timestamp
    for record in records:
        usable = sum(
            min(waiting[pool] + running[pool], POOLS.get(pool or "", ALL_RUNS)) for pool in pool_of_kinds()
        )
        used += running.total() * (record.timestamp - last)
        allowed += max(running.total(), min(ALL_RUNS, usable)) * (record.timestamp - last)
        last = record.timestamp
        pool = pool_of[record.run_id]
        starts = record.event_log_entry.event_type is EventType.RUN_STARTING
        running[pool] += 1 if starts else -1
        waiting[pool] -= int(starts)
        most[pool] = max(most[pool], running[pool])
        most_in_all = max(most_in_all, running.total())
    return {
        "most_in_all": int(most_in_all),
        "pools_above_their_limit": [pool for pool in POOLS if most[pool] > POOLS[pool]],
        "pools_at_their_limit": [pool for pool in POOLS if most[pool] == POOLS[pool]],
        "utilisation": round(used / allowed, 3),
    }


def pool_of_kinds() -> Sequence[str | None]:
    """Return the kinds of runs: those without a limit of their own, and those of each pool."""
    return [None, *POOLS]


def backlog(kind: str, runs: int, rounds: int = 20) -> dict[str, Any]:
    """Measure a look at a queue of which no run may go: their tag's limit is reached."""
    per_team = {"key": "team", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    with (
        database(kind) as address,
        instance_of(
            kind, address, HandingOver(Path(os.devnull)), tag_concurrency_limits=[per_team]
        ) as instance,
    ):
        fill(instance.storage, runs, lambda number: {"team": f"{number % 3}", "other": f"{number}"})
        loop, context = DequeueLoop(instance.run_coordinator, IDLE_SECONDS), FakeDaemon(instance)
        loop.run_once(context)
        going = context.progress
        loop.run_once(context)
        gc.collect()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        took = []
        for _ in range(rounds):
            began = time.perf_counter()
            loop.run_once(context)
            took.append(1000 * (time.perf_counter() - began))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {
        "in_progress": going,
        "median_ms": round(statistics.median(took), 1),
        "worst_ms": round(max(took), 1),
        "grown_mb": round(grown / 1024, 1),
    }


def enqueue(kind: str, runs: int) -> dict[str, Any]:
    """Measure the submission of runs that are stored, one by one."""
    took = []
    with database(kind) as address, instance_of(kind, address, HandingOver(Path(os.devnull))) as instance:
        for _ in range(runs):
            run_id = new_run(instance)
            began = time.perf_counter()
            instance.submit_run(run_id)
            took.append(1000 * (time.perf_counter() - began))
    return {
        "p50_ms": round(statistics.median(took), 2),
        "p99_ms": round(statistics.quantiles(took, n=100)[98], 2),
    }


def main(what: str, kind: str, *numbers: str) -> None:
    """Run an experiment and print what came of it."""
    experiment = {"drain": drain, "limits": limits, "backlog": backlog, "enqueue": enqueue}[what]
    found = experiment(kind, *(float(each) if "." in each else int(each) for each in numbers))
    print(json.dumps({"experiment": what, "storage": kind, "arguments": numbers, **found}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "daemon":
        daemon(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
