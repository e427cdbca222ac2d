"""Random graphs on both executors: the same states and values, and none that hangs. Arguments: how many (200)."""

import json
import pickle
import sys
import tempfile
import time
from pathlib import Path

from runrack.definitions.reconstructable import ReconstructableJob
from runrack.engine import execute_job
from runrack.instance.instance import Instance
from runrack.records.event_type import EventType
from runrack.records.run import JobCodeOrigin

JOBS = Path(__file__).parents[1] / "plugins/process/tests/random_jobs.py"
ENDS = (EventType.STEP_SUCCESS, EventType.STEP_FAILURE, EventType.STEP_SKIPPED)


def outcome(instance, number, executor):
    name = f"dag_{number}"
    job = ReconstructableJob(JobCodeOrigin(name, name, file=str(JOBS)))
    result = execute_job(job, instance, {"execution": {"executor": executor}})
    ends = {event.step_key: event.event_type.value for event in result.events if event.event_type in ENDS}
    folder = Path(instance.storage_directory(), result.run_id, "values")
    values = {
        str(path.relative_to(folder)): pickle.loads(path.read_bytes()) for path in folder.rglob("*.pickle")
    }
    return result.run.status, ends, values


def main():
    number_of_jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    differing, steps, slowest = [], 0, 0.0
    with tempfile.TemporaryDirectory() as home, Instance.from_config(home) as instance:
        for number in range(number_of_jobs):
            started = time.perf_counter()
            found = outcome(instance, number, "multiprocess")
            slowest = max(slowest, time.perf_counter() - started)
            steps += len(found[1])
            if found != outcome(instance, number, "in_process"):
                differing.append(number)
    figures = {"jobs": number_of_jobs, "steps": steps, "differing": differing, "slowest_s": round(slowest, 2)}
    print(json.dumps({"figure": "random_dags", **figures}))
    sys.exit(bool(differing))


if __name__ == "__main__":
    main()
