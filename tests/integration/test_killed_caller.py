"""A run that the process which made it executes itself, and what becomes of it when that process is killed."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from runrack.daemon.clock import Clock
from runrack.daemon.loop_runner import LoopContext
from runrack.daemon.loop_state import LoopState
from runrack.daemon.monitoring import MonitoringLoop
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.engine import WorkerIdentity, execute_job
from runrack.instance.daemon_settings import MonitoringSettings
from runrack.instance.instance import Instance
from runrack.records import tags as tag_names
from runrack.records.run import RunFailureReason
from runrack.records.run_claim import RunClaim
from runrack.records.run_status import RunStatus

HANGING_JOB = """
from runrack import job, op

@op
def hang():
    input()

@job
def hangs():
    hang()
"""


@pytest.fixture
def instance(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with Instance.local_temp(home) as opened:
        yield opened


def watch(instance, **settings):
    """Let a daemon's monitor look once."""
    context = LoopContext(instance, None, "daemon", threading.Event(), LoopState("monitoring", Clock()))
    MonitoringLoop(instance, MonitoringSettings(**settings)).run_once(context)


def let_lease_run_out(instance, record):
    """Do what a minute does to the lease of a process that is gone."""
    held = RunClaim(record.run.run_id, record.epoch, record.owner, record.lease_expires)
    instance.run_storage.renew(held, 0)


@pytest.fixture
def killed_run(tmp_path, instance):
    """The run of a `runrack run` that was killed in the midst of a step."""
    file = tmp_path / "hanging.py"
    file.write_text(HANGING_JOB)
    command = [Path(sys.executable).with_name("runrack"), "run", str(file)]
    environment = {**os.environ, "RUNRACK_HOME": str(tmp_path / "home")}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            next(line for line in process.stdout if "starts." in line and "'hang'" in line)
        finally:
            process.kill()
    (record,) = instance.get_run_records()
    return record


def test_the_claim_names_the_process(killed_run):
    """The run is held by the process that executes it, which others can tell is gone."""
    assert killed_run.run.status is RunStatus.STARTED
    caller = WorkerIdentity.from_owner(killed_run.owner)
    assert (caller.is_dedicated, caller.is_of_this_machine, caller.is_alive()) == (False, True, False)


@pytest.mark.parametrize("attempts", [0, 3])
def test_a_daemon_ends_the_run(instance, killed_run, attempts):
    """When the lease has run out the run fails with the reason; nobody else can take it up."""
    watch(instance)
    assert instance.get_run_by_id(killed_run.run.run_id).status is RunStatus.STARTED
    let_lease_run_out(instance, killed_run)
    watch(instance, max_resume_run_attempts=attempts)
    run = instance.get_run_by_id(killed_run.run.run_id)
    assert run.status is RunStatus.FAILURE
    assert run.tags[tag_names.FAILURE_REASON] == RunFailureReason.UNEXPECTED_TERMINATION


def test_canceling_the_run_of_a_dead_process_ends_it(instance, killed_run):
    """Whoever cancels such a run need not wait for the lease."""
    assert instance.cancel_run(killed_run.run.run_id)
    assert instance.get_run_by_id(killed_run.run.run_id).status is RunStatus.CANCELED


def test_a_run_holds_its_claim_until_it_ends(instance):
    """In the midst of the run this process holds it; afterwards nobody does, and nothing renews it."""
    seen = []

    @op
    def look():
        (record,) = instance.get_run_records()
        seen.append(record)

    @job
    def looking():
        look()

    assert execute_job(looking, instance).success
    (during,) = seen
    assert WorkerIdentity.from_owner(during.owner).pid == os.getpid()
    (after,) = instance.get_run_records()
    assert (after.epoch, after.owner, during.epoch) == (1, None, 1)
    assert "lease" not in {thread.name for thread in threading.enumerate()}


def test_what_comes_after_a_daemon_has_ended_the_run_is_late(instance):
    """A process that was held up for longer than its lease does not bring the run back."""

    @op
    def be_held_up():
        (record,) = instance.get_run_records()
        let_lease_run_out(instance, record)
        watch(instance)

    @job
    def held_up():
        be_held_up()

    execute_job(held_up, instance)
    (run,) = instance.get_runs()
    assert run.status is RunStatus.FAILURE
