"""Submitting and launching through the instance, with parts that only record."""

import pytest
from typing_extensions import override

from runrack.errors import ConflictError, InvariantViolationError, RunNotFoundError
from runrack.instance.instance import Instance, InstanceType
from runrack.interfaces.run_coordinator import RunCoordinator
from runrack.interfaces.run_launcher import RunLauncher
from runrack.records.event_type import EventType
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin
from runrack.records.run_status import RunStatus


class RecordingLauncher(RunLauncher):
    def __init__(self, error=None):
        self.error = error
        self.launched = []

    @override
    def launch_run(self, context):
        self.launched.append((context.run.run_id, context.run.status))
        if self.error is not None:
            raise self.error

    @override
    def terminate(self, run_id):
        return False


class ImmediateCoordinator(RunCoordinator):
    @override
    def submit_run(self, context):
        return self.instance.launch_run(context.run.run_id, context.workspace)

    @override
    def cancel_run(self, run_id):
        return run_id == "cancelable"


@pytest.fixture
def make_instance():
    from runrack_memory import MemoryStorage

    opened = []

    def make(launcher):
        instance = Instance(
            InstanceType.EPHEMERAL,
            storage=MemoryStorage(),
            run_launcher=launcher,
            run_coordinator=ImmediateCoordinator(),
        )
        opened.append(instance)
        return instance

    yield make
    for instance in opened:
        instance.dispose()


def submittable_run(instance):
    return instance.create_run(
        job_name="job",
        remote_job_origin=RemoteJobOrigin("loc", "job"),
        job_code_origin=JobCodeOrigin("job", "job", module="somewhere"),
    )


def test_submitted_run_reaches_the_launcher_as_starting(make_instance):
    """The coordinator launches it; the launcher gets it in status STARTING."""
    launcher = RecordingLauncher()
    instance = make_instance(launcher)
    run = submittable_run(instance)
    assert instance.submit_run(run.run_id).status is RunStatus.STARTING
    assert launcher.launched == [(run.run_id, RunStatus.STARTING)]


def test_submit_needs_origins(make_instance):
    """A run that does not say where its code lies cannot be submitted."""
    instance = make_instance(RecordingLauncher())
    with pytest.raises(InvariantViolationError, match="job_code_origin"):
        instance.submit_run(instance.create_run(job_name="job").run_id)


def test_unknown_run_is_refused(make_instance):
    """Submitting or launching an unknown run names it."""
    instance = make_instance(RecordingLauncher())
    for call in (instance.submit_run, instance.launch_run):
        with pytest.raises(RunNotFoundError) as caught:
            call("nobody")
        assert caught.value.run_id == "nobody"


def test_failed_launch_ends_the_run(make_instance):
    """RUN_STARTING, an engine event with the error, RUN_FAILURE; the error is raised."""
    instance = make_instance(RecordingLauncher(OSError("no more processes")))
    run = submittable_run(instance)
    with pytest.raises(OSError, match="no more processes"):
        instance.launch_run(run.run_id)
    entries = instance.all_logs(run.run_id)
    assert [entry.event_type for entry in entries] == [
        EventType.RUN_STARTING,
        EventType.ENGINE_EVENT,
        EventType.RUN_FAILURE,
    ]
    assert "no more processes" in entries[1].event.event_specific_data.error.message
    assert instance.get_run_by_id(run.run_id).status is RunStatus.FAILURE


def test_many_launches_begin_together(make_instance):
    """Runs of any epoch are STARTING at once, in the order of their claims; those that were lost are left out."""
    launcher = RecordingLauncher()
    instance = make_instance(launcher)
    origin = RemoteJobOrigin("loc", "job")
    runs = [
        instance.create_run(job_name="job", status=RunStatus.QUEUED, remote_job_origin=origin)
        for _ in range(4)
    ]
    first, second, canceled, deleted = (run.run_id for run in runs)
    storage = instance.run_storage
    (early,) = storage.claim("daemon", 60, run_ids=[first])
    storage.release(early)
    claims = storage.claim("daemon", 60, limit=4)
    instance.report_run_canceled(instance.get_run_by_id(canceled))
    instance.delete_run(deleted)
    begun = instance.begin_launches(claims)
    assert [(run.run_id, run.status) for run, _ in begun] == [
        (first, RunStatus.STARTING),
        (second, RunStatus.STARTING),
    ]
    assert [claim.epoch for _, claim in begun] == [2, 1]
    assert launcher.launched == []
    for run, claim in begun:
        instance.finish_launch(run, claim)
    assert launcher.launched == [(first, RunStatus.STARTING), (second, RunStatus.STARTING)]
    assert instance.begin_launches([early]) == []


def test_cancel_asks_the_coordinator(make_instance):
    """Whether a run can be canceled is the coordinator's answer."""
    instance = make_instance(RecordingLauncher())
    assert instance.cancel_run("cancelable")
    assert not instance.cancel_run("other")


class ResumingLauncher(RecordingLauncher):
    def resume_run(self, context):
        self.launched.append((context.run.run_id, context.resume_attempt_number))
        if self.error is not None:
            raise self.error


def test_a_run_under_way_is_taken_up(make_instance):
    """A run under way is given to the launcher with the number of the attempt, and each attempt is counted."""
    launcher = ResumingLauncher()
    instance = make_instance(launcher)
    run = instance.create_run(job_name="job", status=RunStatus.STARTED)
    assert instance.resume_run(run.run_id, attempt_number=2).status is RunStatus.STARTED
    assert launcher.launched == [(run.run_id, 2)]
    assert instance.count_resume_run_attempts(run.run_id) == 1


def test_only_a_run_under_way_is_taken_up(make_instance):
    """An unknown run, one that has not started, and any run of a launcher that cannot do it are refused."""
    instance = make_instance(ResumingLauncher())
    with pytest.raises(RunNotFoundError):
        instance.resume_run("?")
    with pytest.raises(InvariantViolationError, match="it is NOT_STARTED"):
        instance.resume_run(instance.create_run(job_name="job").run_id)
    other = make_instance(RecordingLauncher())
    with pytest.raises(InvariantViolationError, match="RecordingLauncher does not do that"):
        other.resume_run(other.create_run(job_name="job", status=RunStatus.STARTED).run_id)


@pytest.mark.parametrize(
    ("error", "status"), [(OSError("no room"), RunStatus.FAILURE), (ConflictError(), RunStatus.STARTED)]
)
def test_a_run_that_cannot_be_taken_up_fails(make_instance, error, status):
    """The error of a launcher ends the run, unless a worker holds it after all."""
    instance = make_instance(ResumingLauncher(error))
    run = instance.create_run(job_name="job", status=RunStatus.STARTED)
    with pytest.raises(type(error)):
        instance.resume_run(run.run_id)
    assert instance.get_run_by_id(run.run_id).status is status
