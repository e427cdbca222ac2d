"""DefaultRunLauncher: a process for each run, real ones all."""

import os
import signal
from contextlib import contextmanager
from pathlib import Path

import pytest

from runrack.definitions.job_target import load_job_target
from runrack.engine import WorkerIdentity
from runrack.errors import (
    ConflictError,
    InvalidArgumentError,
    InvariantViolationError,
    LocationUnavailableError,
)
from runrack.instance.instance import Instance
from runrack.interfaces.run_launcher import WorkerStatus
from runrack.records.event_type import EventType
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin
from runrack.records.run_status import RunStatus
from runrack_process import DefaultRunLauncher

JOBS = Path(__file__).parent / "launcher_jobs.py"
WAIT_SECONDS = 60


@contextmanager
def opened(home, lease_seconds=60.0, grace_seconds=15.0, **settings):
    config = {"lease_seconds": lease_seconds, "grace_seconds": grace_seconds}
    overrides = {"run_launcher": {"default": config}, **settings}
    with Instance.local_temp(home, overrides) as instance:
        yield instance


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def meeting_point(tmp_path):
    for name in ("here", "go"):
        os.mkfifo(tmp_path / name)
    return tmp_path


def submit(instance, job_name, config=None):
    job = load_job_target(f"{JOBS}:{job_name}")
    run = instance.create_run(
        job_name=job.name,
        run_config=config,
        job_code_origin=job.get_code_origin(),
        remote_job_origin=RemoteJobOrigin("launcher_jobs.py", job.name),
    )
    return instance.submit_run(run.run_id).run_id


def submit_meeting(instance, folder, job_name="meeting"):
    ops = ["first", "meet"] if job_name == "meeting" else [job_name.removesuffix("_job")]
    config = {"ops": {name: {"config": {"folder": str(folder)}} for name in ops}}
    run_id = submit(instance, job_name, config)
    return run_id, int((folder / "here").read_text())


def join(instance):
    instance.run_launcher.join(WAIT_SECONDS)


def status_of(instance, run_id):
    return instance.get_run_by_id(run_id).status


def types_of(instance, run_id):
    return [entry.event.event_type for entry in instance.all_logs(run_id) if entry.event is not None]


def messages_of(instance, run_id):
    return " ".join(entry.message for entry in instance.all_logs(run_id))


def test_a_run_is_executed_in_a_process_of_its_own(home, meeting_point):
    """The worker of a run leads a process group, and is the owner of the claim on the run."""
    with opened(home) as instance:
        run_id, pid = submit_meeting(instance, meeting_point)
        worker = WorkerIdentity.from_owner(instance.get_run_record_by_id(run_id).owner)
        assert (worker.pid, worker.is_alive(), os.getpgid(pid)) == (pid, True, pid)
        (meeting_point / "go").write_text("")
        join(instance)
        assert status_of(instance, run_id) is RunStatus.SUCCESS
        assert not worker.is_alive()


def test_a_run_outlives_who_launched_it(home, meeting_point):
    """A run goes on when the instance that launched it is closed, and with it the process that had loaded its code."""
    with opened(home) as instance:
        run_id, pid = submit_meeting(instance, meeting_point)
    end = os.pidfd_open(pid)
    (meeting_point / "go").write_text("")
    with opened(home) as instance:
        with os.fdopen(end) as ended:
            wait_for_end(ended)
        assert status_of(instance, run_id) is RunStatus.SUCCESS


def wait_for_end(descriptor):
    import select

    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    assert waiting.poll(WAIT_SECONDS * 1000)


def test_output_outside_of_steps_goes_to_a_file_of_the_run(home):
    """What the worker of a run writes is found in the storage folder of the instance, under the id of the run."""
    with opened(home) as instance:
        run_id = submit(instance, "quick")
        join(instance)
        log = Path(instance.storage_directory()) / "run_workers" / f"{run_id}.log"
        assert "said by the op" in log.read_text()


def test_a_killed_worker_is_reported_at_once(home, meeting_point):
    """The run of a worker that was killed fails with the reason, without a daemon, and no step of it stays open."""
    with opened(home) as instance:
        run_id, pid = submit_meeting(instance, meeting_point)
        os.kill(pid, signal.SIGKILL)
        join(instance)
        run = instance.get_run_by_id(run_id)
        assert run.status is RunStatus.FAILURE
        assert run.tags["runrack/failure_reason"] == "UNEXPECTED_TERMINATION"
        assert types_of(instance, run_id)[-2:] == [EventType.STEP_FAILURE, EventType.RUN_FAILURE]
        assert "was killed (SIGKILL)" in messages_of(instance, run_id)


@pytest.mark.parametrize("job_name", ["stubborn_job", "deaf_job"])
def test_a_run_that_does_not_stop_is_killed(home, meeting_point, job_name):
    """A run that ignores what it is told, or cannot hear it in C code, is killed after the grace, and canceled all the same."""
    with opened(home, grace_seconds=0.5) as instance:
        run_id, pid = submit_meeting(instance, meeting_point, job_name)
        assert instance.cancel_run(run_id)
        join(instance)
        assert status_of(instance, run_id) is RunStatus.CANCELED
        with pytest.raises(ProcessLookupError):
            os.killpg(pid, 0)


def test_a_run_without_a_worker_is_canceled(home):
    """Terminating a run that is under way and that nobody holds cancels it."""
    with opened(home) as instance:
        run = instance.create_run(job_name="quick", status=RunStatus.STARTED)
        assert instance.run_launcher.terminate(run.run_id)
        assert status_of(instance, run.run_id) is RunStatus.CANCELED


def test_a_worker_that_slept_through_its_lease_changes_nothing(home, meeting_point):
    """A worker that was stopped until another has taken its run ends by itself, and the status stays the other's."""
    with opened(home, lease_seconds=3.0) as instance:
        run_id, pid = submit_meeting(instance, meeting_point)
        os.kill(pid, signal.SIGSTOP)
        lease = instance.get_run_record_by_id(run_id).lease_expires
        while not instance.run_storage.expire():
            assert lease is not None
        taken = instance.run_storage.claim("other", 60, run_ids=[run_id], status=RunStatus.STARTED)
        os.kill(pid, signal.SIGCONT)
        join(instance)
        record = instance.get_run_record_by_id(run_id)
        assert (record.run.status, record.owner, record.epoch) == (RunStatus.STARTED, "other", taken[0].epoch)
        ends = instance.get_records_for_run(run_id, of_type=[EventType.RUN_CANCELING, EventType.RUN_CANCELED])
        assert all(late.late for late in ends.records)
        with pytest.raises(ProcessLookupError):
            os.killpg(pid, 0)


def test_the_health_of_a_worker(home, meeting_point):
    """The launcher tells a worker that is there from one that is not, and from a run that nobody holds."""
    with opened(home) as instance:
        launcher = instance.run_launcher
        run_id, pid = submit_meeting(instance, meeting_point)
        run = instance.get_run_by_id(run_id)
        running = launcher.check_run_worker_health(run)
        assert (running.status, running.run_worker_id) == (WorkerStatus.RUNNING, str(pid))
        (meeting_point / "go").write_text("")
        join(instance)
        assert launcher.check_run_worker_health(run).status is WorkerStatus.SUCCESS
        lost = instance.create_run(job_name="quick", status=RunStatus.STARTED)
        assert launcher.check_run_worker_health(lost).status is WorkerStatus.NOT_FOUND
        gone = WorkerIdentity(WorkerIdentity.of_this_process().machine, os.getpid(), "1", "x")
        instance.run_storage.claim(gone.owner, 60, run_ids=[lost.run_id], status=RunStatus.STARTED)
        assert launcher.check_run_worker_health(lost).status is WorkerStatus.FAILED
        elsewhere = instance.create_run(job_name="quick", status=RunStatus.STARTED)
        instance.run_storage.claim(
            "worker:moon:1:1:x", 60, run_ids=[elsewhere.run_id], status=RunStatus.STARTED
        )
        assert launcher.check_run_worker_health(elsewhere).status is WorkerStatus.UNKNOWN


def test_a_run_is_taken_up_after_its_worker_died(home, meeting_point):
    """A resumed run executes the steps that have not succeeded, under a new claim, and can succeed."""
    monitoring = {"run_monitoring": {"max_resume_run_attempts": 1}}
    with opened(home, lease_seconds=3.0, **monitoring) as instance:
        run_id, pid = submit_meeting(instance, meeting_point)
        os.kill(pid, signal.SIGKILL)
        join(instance)
        assert status_of(instance, run_id) is RunStatus.STARTED
        while not instance.run_storage.expire():
            assert instance.run_will_resume(run_id)
        instance.resume_run(run_id)
        (meeting_point / "here").read_text()
        (meeting_point / "go").write_text("")
        join(instance)
        assert status_of(instance, run_id) is RunStatus.SUCCESS
        assert (meeting_point / "firsts").read_text() == "x"
        assert instance.count_resume_run_attempts(run_id) == 1
        assert not instance.run_will_resume(run_id)


def test_a_run_that_has_a_worker_is_not_taken_up(home, meeting_point):
    """A run whose worker holds it is not resumed; one that is over cannot be."""
    with opened(home) as instance:
        run_id, _ = submit_meeting(instance, meeting_point)
        with pytest.raises(ConflictError):
            instance.resume_run(run_id)
        assert status_of(instance, run_id) is RunStatus.STARTED
        (meeting_point / "go").write_text("")
        join(instance)
        with pytest.raises(InvariantViolationError, match="not under way"):
            instance.resume_run(run_id)


def test_code_that_cannot_be_loaded_fails_the_run(home, tmp_path):
    """A run whose code cannot be loaded fails, with the reason in its log."""
    broken = tmp_path / "broken.py"
    broken.write_text("import nothing_of_this_name\n")
    with opened(home) as instance:
        run = instance.create_run(
            job_name="any",
            job_code_origin=JobCodeOrigin("any", "any", file=str(broken)),
            remote_job_origin=RemoteJobOrigin("broken.py", "any"),
        )
        with pytest.raises(LocationUnavailableError, match="nothing_of_this_name"):
            instance.submit_run(run.run_id)
        assert status_of(instance, run.run_id) is RunStatus.FAILURE
        assert instance.workspace.why_unavailable(run) is not None


def test_closing_may_wait_for_the_runs(home):
    """With wait_for_processes, an instance is closed when the runs that it launched are over."""
    overrides = {"run_launcher": {"default": {"wait_for_processes": True}}}
    with Instance.local_temp(home, overrides) as instance:
        run_id = submit(instance, "quick")
    with Instance.local_temp(home) as instance:
        assert status_of(instance, run_id) is RunStatus.SUCCESS


def test_joining_has_a_limit(home, meeting_point):
    """Waiting for runs that go on for longer is an error that names one."""
    with opened(home) as instance:
        run_id, _ = submit_meeting(instance, meeting_point)
        with pytest.raises(InvariantViolationError, match=run_id):
            instance.run_launcher.join(0.0)
        (meeting_point / "go").write_text("")
        join(instance)


def test_nothing_is_left_of_runs(home):
    """After many runs this process has no more descriptors and no more children than after the first."""
    with opened(home) as instance:
        submit(instance, "quick")
        join(instance)
        before = len(list(Path("/proc/self/fd").iterdir()))
        run_ids = [submit(instance, "quick") for _ in range(10)]
        join(instance)
        assert {status_of(instance, run_id) for run_id in run_ids} == {RunStatus.SUCCESS}
        assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


@pytest.mark.parametrize("config", [{"lease_seconds": 0.5}, {"grace_seconds": -1.0}])
def test_a_launcher_checks_its_times(config):
    """A lease below a second, or a grace below none, is refused."""
    with pytest.raises(InvalidArgumentError):
        DefaultRunLauncher(**config)
