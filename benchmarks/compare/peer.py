"""The peer's side of the comparison: `python peer.py WORKLOAD HOME`, with the Python that has the peer installed."""

import logging
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"

import workload as w
from dagster import (
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
    DagsterRunStatus,
    RunsFilter,
    StaticPartitionsDefinition,
)
from dagster._core.events import DagsterEvent, DagsterEventType, StepMaterializationData
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.dagster_run import DagsterRun

HERE = Path(__file__).parent
ROWS_AT_ONCE = 5000


def log_line(run_id: str) -> EventLogEntry:
    """Return a message of a step."""
    return EventLogEntry(None, logging.INFO, w.MESSAGE, run_id, time.time(), "step_0", "bench_job")


def materialization(run_id: str, number: int, partition: str | None = None) -> EventLogEntry:
    """Return the materialization of an asset by a step."""
    fact = AssetMaterialization(
        AssetKey(w.asset_of(number)), metadata=w.metadata_of(number), partition=partition
    )
    event = DagsterEvent(
        event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
        job_name="bench_job",
        step_key="step_0",
        event_specific_data=StepMaterializationData(fact, []),
    )
    return EventLogEntry(None, logging.INFO, "", run_id, time.time(), "step_0", "bench_job", event)


def storages(instance: DagsterInstance) -> tuple[Any, Any]:
    """Return the run storage and the event log storage, without the wrapper of a storage that holds both."""
    parts = (instance._run_storage, instance._event_storage)
    if hasattr(parts[0], "_storage"):
        combined = parts[0]._storage
        return combined.run_storage, combined.event_log_storage
    return parts


def events(home: str) -> w.Figures:
    """One writer: messages and materializations one by one and in batches, and several threads at once."""
    with DagsterInstance.from_config(home) as instance:
        store = storages(instance)[1]
        run = [str(uuid.uuid4()) for _ in range(4)]
        lines = [log_line(run[0]) for _ in range(w.LOG_EVENTS)]
        single = [materialization(run[1], number) for number in range(w.MATERIALIZATIONS)]
        many = [materialization(run[2], number) for number in range(w.MATERIALIZATIONS)]
        store.store_event(log_line(run[3]))
        return {
            "messages one by one /s": w.per_second(
                len(lines), lambda: [store.store_event(line) for line in lines]
            ),
            "materializations one by one /s": w.per_second(
                len(single), lambda: [store.store_event(entry) for entry in single]
            ),
            "materializations in batches /s": w.per_second(
                len(many),
                lambda: [
                    store.store_event_batch([many[i] for i in numbers]) for numbers in w.portions(len(many))
                ],
            ),
            f"messages of {w.THREADS} threads /s": w.threads(
                lambda: [store.store_event(log_line(run[3])) for _ in range(w.EVENTS_OF_A_THREAD)]
            ),
        }


def write_many(home: str, run_id: str) -> None:
    """Write messages as one of several processes: say that all is ready, and begin at a word from outside."""
    with DagsterInstance.from_config(home) as instance:
        store = storages(instance)[1]
        w.wait_for_the_start()
        for _ in range(w.EVENTS_OF_A_PROCESS):
            store.store_event(log_line(run_id))


def processes(home: str) -> w.Figures:
    """Several processes, each with a run of its own, and then all with the same run."""
    with DagsterInstance.from_config(home) as instance:
        instance.get_asset_keys()
        return w.processes("peer", home)


def make_run(number: int) -> DagsterRun:
    """Return a run."""
    return DagsterRun(
        job_name=w.job_of(number),
        run_id=str(uuid.uuid4()),
        run_config=w.config_of(number),
        tags=w.tags_of(number),
        status=DagsterRunStatus[w.status_of(number)],
    )


def load_runs(store: Any, count: int) -> None:
    """Store runs as rows, as adding them one by one would: that takes too long."""
    from dagster._core.storage.runs.schema import RunsTable, RunTagsTable
    from dagster._serdes import serialize_value
    from dagster._time import get_current_datetime

    now = get_current_datetime()
    for numbers in w.portions(count, ROWS_AT_ONCE):
        made = [make_run(number) for number in numbers]
        rows = [
            {
                "run_id": run.run_id,
                "pipeline_name": run.job_name,
                "status": run.status.value,
                "run_body": serialize_value(run),
                "create_timestamp": now,
            }
            for run in made
        ]
        tags = [
            {"run_id": run.run_id, "key": key, "value": value}
            for run in made
            for key, value in run.tags.items()
        ]
        with store.connect() as conn:
            conn.execute(RunsTable.insert(), rows)
            conn.execute(RunTagsTable.insert(), tags)


def runs(home: str) -> w.Figures:
    """Add runs, and ask for some of many."""
    with DagsterInstance.from_config(home) as instance:
        load_runs(storages(instance)[0], w.RUNS - w.RUNS_ADDED)
        new = [make_run(number) for number in range(w.RUNS - w.RUNS_ADDED, w.RUNS)]
        rate = w.per_second(len(new), lambda: [instance.add_run(run) for run in new])
        some = new[len(new) // 2].run_id
        team = RunsFilter(tags={"team": "team_3"})
        both = RunsFilter(tags={"team": "team_3", "env": "env_1"})
        failed = RunsFilter(statuses=[DagsterRunStatus.FAILURE])
        job = RunsFilter(job_name="job_07")
        asked: dict[str, Callable[[], object]] = {
            "newest 25": lambda: instance.get_run_records(limit=w.PAGE),
            "next page": lambda: instance.get_run_records(limit=w.PAGE, cursor=some),
            "by a tag": lambda: instance.get_run_records(team, limit=w.PAGE),
            "by two tags": lambda: instance.get_run_records(both, limit=w.PAGE),
            "by status": lambda: instance.get_run_records(failed, limit=w.PAGE),
            "by job": lambda: instance.get_run_records(job, limit=w.PAGE),
            "one by id": lambda: instance.get_run_by_id(some),
            "count": instance.get_runs_count,
            "count of a tag": lambda: instance.get_runs_count(team),
        }
        return {
            "runs added /s": rate,
            **{f"{name} of {w.RUNS} runs": w.milliseconds(call) for name, call in asked.items()},
        }


def load_materializations(store: Any, run_id: str, count: int) -> None:
    """Store materializations as rows, in every table where storing them one by one would: that takes too long."""
    from dagster._core.storage.event_log.schema import AssetKeyTable, SqlEventLogStorageTable

    newest: dict[str, tuple[int, EventLogEntry]] = {}
    for numbers in w.portions(count, ROWS_AT_ONCE):
        entries = [materialization(run_id, number, w.partition_of(number)) for number in numbers]
        rows = [store._event_to_row(entry) for entry in entries]
        with store.index_connection() as conn:
            conn.execute(SqlEventLogStorageTable.insert(), rows)
        if type(store).__name__ == "SqliteEventLogStorage":
            with store.run_connection(run_id) as conn:
                conn.execute(SqlEventLogStorageTable.insert(), rows)
        for number, entry in zip(numbers, entries, strict=True):
            newest[entry.dagster_event.asset_key.to_string()] = (number + 1, entry)
    with store.index_connection() as conn:
        for key, (storage_id, entry) in newest.items():
            values = store._get_asset_entry_values(entry, storage_id, True)
            conn.execute(AssetKeyTable.insert().values(asset_key=key, **values))


def reads(home: str) -> w.Figures:
    """Ask about assets with a history."""
    with DagsterInstance.from_config(home) as instance:
        run_id = str(uuid.uuid4())
        load_materializations(storages(instance)[1], run_id, w.ASSETS * w.PARTITIONS * w.TIMES)
        keys = [AssetKey(w.asset_of(number)) for number in range(w.ASSETS)]
        names = [f"part_{number:04}" for number in range(w.PARTITIONS)]
        partitions = StaticPartitionsDefinition(names)
        one = keys[7]
        asked: dict[str, Callable[[], object]] = {
            f"records of {w.ASSETS_ASKED} assets": lambda: instance.get_asset_records(keys[: w.ASSETS_ASKED]),
            "latest of one asset": lambda: instance.get_latest_materialization_event(one),
            f"newest {w.EVENTS_ASKED} of one asset": lambda: instance.fetch_materializations(
                one, limit=w.EVENTS_ASKED
            ),
            "partitions' status of one asset": lambda: instance.get_status_by_partition(
                one, names, partitions
            ),
            "a page of a run's log": lambda: instance.get_records_for_run(run_id, limit=w.EVENTS_ASKED),
        }
        return {name: w.milliseconds(call) for name, call in asked.items()}


QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Nothing is written to the console: that would measure the terminal."""


def execute(home: str, job: str) -> tuple[float, float]:
    """Run a job, and return how long it took and how much CPU, in seconds."""
    import peer_jobs
    from dagster import execute_job, reconstructable

    os.environ["PYTHONPATH"] = str(HERE)
    with DagsterInstance.from_config(home) as instance:
        target = reconstructable(getattr(peer_jobs, job))
        wall, cpu = time.perf_counter(), time.process_time()
        if not execute_job(target, instance=instance, run_config=QUIET).success:
            sys.exit("the job failed")
        return time.perf_counter() - wall, time.process_time() - cpu


def steps(home: str) -> w.Figures:
    """Run a chain of trivial steps in this process, stored and with captured output; milliseconds of CPU a step."""
    execute(home, "chain")
    return {
        "CPU of a step in the run's process, stored, ms": execute(home, "chain")[1] / w.CHAIN_STEPS * 1000
    }


def step_processes(home: str) -> w.Figures:
    """Run a fan of trivial steps in processes of their own, two at a time."""
    return {"a step in a process of its own, two at a time, ms": execute(home, "fan")[0] / w.FAN_STEPS * 1000}


@contextmanager
def launchable(home: str, coordinator: str) -> Iterator[tuple[DagsterInstance, Any, Callable[[], str]]]:
    """Give an instance, its workspace, and what stores a run of a job of one step that another process can execute."""
    from dagster._cli.job import _create_run
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import PythonFileTarget

    module = f"run_coordinator: {{module: dagster.core.run_coordinator, class: {coordinator}}}"
    w.configure(Path(home, "dagster.yaml"), module)
    target = PythonFileTarget(str(HERE / "peer_jobs.py"), None, str(HERE), None)
    with DagsterInstance.from_config(home) as instance, WorkspaceProcessContext(instance, target) as process:
        workspace = process.create_request_context()
        (location,) = workspace.code_locations
        (repository,) = location.get_repositories().values()
        job = repository.get_full_job("one_op")

        def make() -> str:
            return _create_run(instance, location, repository, job, QUIET, None, None, None).run_id

        yield instance, workspace, make


def enqueue(home: str) -> w.Figures:
    """Submit runs that are stored to a queue, one by one."""
    with launchable(home, "QueuedRunCoordinator") as (instance, workspace, make):
        run_ids = iter([make() for _ in range(w.ENQUEUED + 2)])
        return {
            "submit a run to the queue": w.milliseconds(
                lambda: instance.submit_run(next(run_ids), workspace), w.ENQUEUED
            )
        }


def launch(home: str) -> w.Figures:
    """Submit runs that are launched at once, one after the other, and look when their first step began."""
    with launchable(home, "DefaultRunCoordinator") as (instance, workspace, make):

        def seconds_to_first_step() -> float:
            run_id = make()
            began = time.time()
            instance.submit_run(run_id, workspace)
            while not instance.get_run_by_id(run_id).is_finished:
                time.sleep(0.05)
            (start,) = instance.all_logs(run_id, of_type=DagsterEventType.STEP_START)
            return start.timestamp - began

        return w.launches(seconds_to_first_step)


def cold(home: str) -> w.Figures:
    """Start the command line, and run a job of one step with it; CPU over that of bare Python."""
    dagster = str(Path(sys.executable).parent / "dagster")
    run = [dagster, "job", "execute", "-f", str(HERE / "peer_jobs.py"), "-d", str(HERE), "-j", "one_op"]
    return w.starts({"version": [dagster, "--version"], "run of a job": run}, {"DAGSTER_HOME": home})


WORKLOADS = {
    "events": events,
    "processes": processes,
    "runs": runs,
    "reads": reads,
    "steps": steps,
    "step_processes": step_processes,
    "enqueue": enqueue,
    "launch": launch,
    "cold": cold,
}

if __name__ == "__main__":
    w.answer(WORKLOADS, sys.argv[1:])
