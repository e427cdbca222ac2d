"""runrack's side of the comparison: `python ours.py WORKLOAD HOME`, with `runrack.yaml` in the home saying where."""

import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import workload as w

from runrack import (
    AssetKey,
    AssetMaterialization,
    Event,
    EventLogEntry,
    EventType,
    Instance,
    Run,
    RunsFilter,
    RunStatus,
    StaticPartitionsDefinition,
    execute_job,
    reconstructable,
)
from runrack.records.event_data import StepMaterializationData
from runrack.records.run import RemoteJobOrigin

HERE = Path(__file__).parent


def log_line(run_id: str) -> EventLogEntry:
    """Return a message of a step."""
    return EventLogEntry(None, 20, w.MESSAGE, run_id, time.time(), "step_0", "bench_job")


def materialization(run_id: str, number: int, partition: str | None = None) -> EventLogEntry:
    """Return the materialization of an asset by a step."""
    fact = AssetMaterialization(w.asset_of(number), metadata=w.metadata_of(number), partition=partition)
    event = Event(EventType.ASSET_MATERIALIZATION, "bench_job", "step_0", None, StepMaterializationData(fact))
    return EventLogEntry(None, 20, "", run_id, time.time(), "step_0", "bench_job", event)


def events(home: str) -> w.Figures:
    """One writer: messages and materializations one by one and in batches, and several threads at once."""
    with Instance.from_config(home) as instance:
        store = instance.event_log_storage
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
                lambda: [store.store_events([many[i] for i in numbers]) for numbers in w.portions(len(many))],
            ),
            f"messages of {w.THREADS} threads /s": w.threads(
                lambda: [store.store_event(log_line(run[3])) for _ in range(w.EVENTS_OF_A_THREAD)]
            ),
        }


def write_many(home: str, run_id: str) -> None:
    """Write messages as one of several processes: say that all is ready, and begin at a word from outside."""
    with Instance.from_config(home) as instance:
        instance.event_log_storage.has_asset_key(AssetKey("nothing"))
        w.wait_for_the_start()
        for _ in range(w.EVENTS_OF_A_PROCESS):
            instance.event_log_storage.store_event(log_line(run_id))


def processes(home: str) -> w.Figures:
    """Several processes, each with a run of its own, and then all with the same run."""
    with Instance.from_config(home) as instance:
        instance.all_asset_keys()
        return w.processes("ours", home)


def make_run(number: int) -> Run:
    """Return a run."""
    return Run(
        job_name=w.job_of(number),
        run_config=w.config_of(number),
        tags=w.tags_of(number),
        status=RunStatus(w.status_of(number)),
    )


def runs(home: str) -> w.Figures:
    """Add runs, and ask for some of many."""
    with Instance.from_config(home) as instance:
        store = instance.run_storage
        for number in range(w.RUNS - w.RUNS_ADDED):
            store.add_run(make_run(number))
        new = [make_run(number) for number in range(w.RUNS - w.RUNS_ADDED, w.RUNS)]
        rate = w.per_second(len(new), lambda: [instance.add_run(run) for run in new])
        some = new[len(new) // 2].run_id
        team = RunsFilter(tags={"team": "team_3"})
        both = RunsFilter(tags={"team": "team_3", "env": "env_1"})
        failed = RunsFilter(statuses=[RunStatus.FAILURE])
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


def reads(home: str) -> w.Figures:
    """Ask about assets with a history."""
    count = w.ASSETS * w.PARTITIONS * w.TIMES
    with Instance.from_config(home) as instance:
        store = instance.event_log_storage
        run_id = str(uuid.uuid4())
        for numbers in w.portions(count, 1000):
            store.store_events(
                [materialization(run_id, number, w.partition_of(number)) for number in numbers]
            )
        keys = [AssetKey(w.asset_of(number)) for number in range(w.ASSETS)]
        names = [f"part_{number:04}" for number in range(w.PARTITIONS)]
        partitions = StaticPartitionsDefinition(names)
        one = keys[7]
        asked: dict[str, Callable[[], object]] = {
            f"records of {w.ASSETS_ASKED} assets": lambda: instance.get_asset_records(keys[: w.ASSETS_ASKED]),
            "latest of one asset": lambda: instance.get_latest_materialization_event(one),
            f"newest {w.EVENTS_ASKED} of one asset": lambda: instance.fetch_materializations(
                one, w.EVENTS_ASKED
            ),
            "partitions' status of one asset": lambda: instance.get_status_by_partition(
                one, names, partitions
            ),
            "a page of a run's log": lambda: instance.get_records_for_run(run_id, limit=w.EVENTS_ASKED),
        }
        return {name: w.milliseconds(call) for name, call in asked.items()}


def steps(home: str) -> w.Figures:
    """Run a chain of trivial steps in this process, stored and with captured output; milliseconds of CPU a step."""
    import ours_jobs

    with Instance.from_config(home) as instance:
        target = reconstructable(ours_jobs.chain)
        execute_job(target, instance)
        began = time.process_time()
        result = execute_job(target, instance)
        taken = time.process_time() - began
        if not result.success:
            sys.exit("the job failed")
        return {"CPU of a step in the run's process, stored, ms": taken / w.CHAIN_STEPS * 1000}


def step_processes(home: str) -> w.Figures:
    """Run a fan of trivial steps in processes of their own, two at a time."""
    import ours_jobs

    with Instance.from_config(home) as instance:
        target = reconstructable(ours_jobs.fan)
        began = time.perf_counter()
        result = execute_job(
            target, instance, {"execution": {"executor": "multiprocess", "config": {"max_concurrent": 2}}}
        )
        taken = time.perf_counter() - began
        if not result.success:
            sys.exit("the job failed")
        return {"a step in a process of its own, two at a time, ms": taken / w.FAN_STEPS * 1000}


def make_launchable(instance: Instance) -> str:
    """Store a run of a job of one step that another process can execute, and return its id."""
    import ours_jobs

    run = instance.create_run(
        job_name="one_op",
        job_code_origin=reconstructable(ours_jobs.one_op).get_code_origin(),
        remote_job_origin=RemoteJobOrigin("ours_jobs.py", "one_op"),
    )
    return run.run_id


def enqueue(home: str) -> w.Figures:
    """Submit runs that are stored to a queue, one by one."""
    w.configure(Path(home, "runrack.yaml"), "run_coordinator: {queued: {}}")
    with Instance.from_config(home) as instance:
        run_ids = iter([make_launchable(instance) for _ in range(w.ENQUEUED + 2)])
        return {
            "submit a run to the queue": w.milliseconds(
                lambda: instance.submit_run(next(run_ids)), w.ENQUEUED
            )
        }


def launch(home: str) -> w.Figures:
    """Submit runs that are launched at once, one after the other, and look when their first step began."""
    with Instance.from_config(home) as instance:

        def seconds_to_first_step() -> float:
            run_id = make_launchable(instance)
            began = time.time()
            instance.submit_run(run_id)
            instance.run_launcher.join(60)
            (start,) = instance.all_logs(run_id, of_type=EventType.STEP_START)
            return start.timestamp - began

        return w.launches(seconds_to_first_step)


def cold(home: str) -> w.Figures:
    """Start the command line, and run a job of one step with it; CPU over that of bare Python."""
    runrack = str(Path(sys.executable).parent / "runrack")
    run = [runrack, "run", f"{HERE / 'ours_jobs.py'}:one_op"]
    return w.starts({"version": [runrack, "--version"], "run of a job": run}, {"RUNRACK_HOME": home})


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
    os.environ.pop("RUNRACK_HOME", None)
    w.answer(WORKLOADS, sys.argv[1:])
