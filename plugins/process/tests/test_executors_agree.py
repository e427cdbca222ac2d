"""Both executors come to the same states and values, on jobs that nobody has thought up."""

import pickle
from pathlib import Path

import pytest

from runrack.definitions.reconstructable import ReconstructableJob
from runrack.engine import execute_job
from runrack.instance.instance import Instance
from runrack.records.event_type import EventType
from runrack.records.run import JobCodeOrigin

JOBS = Path(__file__).parent / "random_jobs.py"
ENDS = (EventType.STEP_SUCCESS, EventType.STEP_FAILURE, EventType.STEP_SKIPPED)


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    with Instance.from_config(tmp_path_factory.mktemp("home")) as opened:
        yield opened


def outcome(instance, number, executor):
    """What came of a run: its status, the end of each step, and all values that lie on disk."""
    name = f"dag_{number}"
    job = ReconstructableJob(JobCodeOrigin(name, name, file=str(JOBS)))
    result = execute_job(job, instance, {"execution": {"executor": executor}})
    ends = {event.step_key: event.event_type.value for event in result.events if event.event_type in ENDS}
    folder = Path(instance.storage_directory(), result.run_id, "values")
    values = {
        str(path.relative_to(folder)): pickle.loads(path.read_bytes()) for path in folder.rglob("*.pickle")
    }
    return result.run.status, ends, values


@pytest.mark.parametrize("number", range(8))
def test_executors_agree(instance, number):
    """A random graph with failures, retries, optional and dynamic outputs ends the same in one process and in many."""
    assert outcome(instance, number, "multiprocess") == outcome(instance, number, "in_process")
