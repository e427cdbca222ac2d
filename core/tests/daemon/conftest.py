"""Fixtures of the daemon's tests: an instance in memory, with parts that only record, and a clock that stands still."""

import threading
from uuid import uuid4

import pytest
from typing_extensions import override

from runrack.daemon.loop_runner import LoopContext
from runrack.daemon.loop_state import LoopState
from runrack.instance.instance import Instance, InstanceType
from runrack.interfaces.run_coordinator import RunCoordinator
from runrack.interfaces.run_launcher import CheckRunHealthResult, RunLauncher, WorkerStatus
from runrack.records.event import Event, event_entry
from runrack.records.event_type import EventType
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin
from runrack.records.run_queue import QueueLimits
from runrack_local import NoOpComputeLogManager
from runrack_memory import MemoryStorage


class RecordingLauncher(RunLauncher):
    """Notes what it is asked for; says of every worker what the test has set."""

    def __init__(self):
        self.launched = []
        self.resumed = []
        self.terminated = []
        self.error = None
        self.health = CheckRunHealthResult(WorkerStatus.UNKNOWN)

    @override
    def launch_run(self, context):
        self.launched.append(context.run.run_id)

    @override
    def terminate(self, run_id):
        self.terminated.append(run_id)
        if self.error is not None:
            raise self.error
        return True

    def check_run_worker_health(self, run):
        return self.health

    def resume_run(self, context):
        self.resumed.append((context.run.run_id, context.resume_attempt_number, context.claim.epoch))
        if self.error is not None:
            raise self.error


class RecordingCoordinator(RunCoordinator):
    """Launches what is submitted, and keeps a queue for runs that come back."""

    def __init__(self):
        self.submitted = []

    @override
    def submit_run(self, context):
        self.submitted.append(context.run.run_id)
        return self.instance.launch_run(context.run.run_id)

    @override
    def cancel_run(self, run_id):
        return False

    def get_queue_limits(self, workspace=None):
        return QueueLimits()

    def requeue_run(self, run, reason, epoch=None):
        event = Event(EventType.RUN_ENQUEUED, run.job_name, message=reason)
        (record,) = self.instance.handle_new_events([event_entry(event, run.run_id)], epoch=epoch)
        return not record.late


@pytest.fixture
def launcher():
    return RecordingLauncher()


@pytest.fixture
def coordinator():
    return RecordingCoordinator()


@pytest.fixture
def make_instance(launcher, coordinator):
    opened = []

    def make(**settings):
        instance = Instance(
            InstanceType.EPHEMERAL,
            storage=MemoryStorage(),
            run_launcher=launcher,
            run_coordinator=coordinator,
            compute_log_manager=NoOpComputeLogManager(),
            settings=settings,
        )
        opened.append(instance)
        return instance

    yield make
    for instance in opened:
        instance.dispose()


@pytest.fixture
def instance(make_instance):
    return make_instance()


@pytest.fixture
def clock(manual_clock):
    return manual_clock


@pytest.fixture
def make_context(clock):
    def make(instance, name="loop"):
        return LoopContext(instance, None, str(uuid4()), threading.Event(), LoopState(name, clock))

    return make


@pytest.fixture
def add_run():
    def add(instance, *event_types, timestamp=None, epoch=None, **fields):
        run = instance.create_run(
            job_name="job",
            remote_job_origin=RemoteJobOrigin("location", "job"),
            job_code_origin=JobCodeOrigin("job", "job", module="somewhere"),
            **fields,
        )
        for event_type in event_types:
            entry = event_entry(Event(event_type, "job"), run.run_id, timestamp=timestamp)
            instance.handle_new_events([entry], epoch=epoch)
        return run

    return add
