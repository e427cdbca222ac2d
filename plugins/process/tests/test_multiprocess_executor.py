"""The multiprocess executor: each step in a process of its own, and what comes of those that end too early."""

import json
import os
import pickle
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from runrack.definitions.job import job
from runrack.definitions.job_target import load_job_target
from runrack.definitions.op import op
from runrack.engine import execute_job
from runrack.errors import UnmetExecutorRequirementsError
from runrack.instance.instance import Instance
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus

HERE = Path(__file__).parent
ENDS = (EventType.STEP_SUCCESS, EventType.STEP_FAILURE, EventType.STEP_SKIPPED)
GONE_AFTER_SECONDS = 15


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def instance(home):
    with Instance.from_config(home) as opened:
        yield opened


def target(name):
    return load_job_target(f"{HERE / 'multiprocess_jobs.py'}:{name}")


def multiprocess(**config):
    return {"execution": {"executor": "multiprocess", "config": {"max_concurrent": 2, **config}}}


def run(instance, name, executor_config=None, **run_config):
    return execute_job(target(name), instance, {**multiprocess(**(executor_config or {})), **run_config})


def ends(result):
    return {event.step_key: event.event_type.value for event in result.events if event.event_type in ENDS}


def failure(result, step_key):
    (event,) = [
        event
        for event in result.events
        if event.step_key == step_key and event.event_type == EventType.STEP_FAILURE
    ]
    return event


def value(instance, result, step_key):
    """What a step gave, as it lies on disk."""
    path = Path(instance.storage_directory(), result.run_id, "values", f"{step_key}.result.pickle")
    return pickle.loads(path.read_bytes())


@pytest.mark.parametrize("name", ["diamond", "failing", "dynamic", "skipping", "unpicklable"])
def test_steps_end_as_they_do_in_one_process(instance, name):
    """The states of steps and run are those of the in_process executor."""
    result, expected = run(instance, name), execute_job(target(name), instance)
    assert (result.run.status, ends(result)) == (expected.run.status, ends(expected))


def test_values_messages_and_output_arrive(instance):
    """What steps give, log and print is there afterwards, as if there was one process."""
    result = run(instance, "diamond")
    messages = [entry.user_message for entry in instance.all_logs(result.run_id) if entry.event is None]
    logs = instance.compute_log_manager
    printed = logs.get_log_data(logs.build_log_key_for_run(result.run_id, "double")).stdout
    assert value(instance, result, "add") == 4
    assert messages == ["doubling 1", "doubling 1"]
    assert printed == b"number 1\n"


def test_managed_loggers_of_step_processes_speak_for_their_steps(home, tmp_path):
    """What a managed Python logger says in the process of a step is in the log of the step, and once in the handlers."""
    path = tmp_path / "handled.log"
    python_logs = {
        "managed_python_loggers": ["acme"],
        "handler_config": {"handlers": {"file": {"class": "logging.FileHandler", "filename": str(path)}}},
    }
    with Instance.from_config(home, overrides={"python_logs": python_logs}) as instance:
        result = run(instance, "talking")
        entries = [entry for entry in instance.all_logs(result.run_id) if entry.event is None]
    assert [(entry.step_key, entry.user_message) for entry in entries] == [("talk", "from a library")]
    assert path.read_text() == "from a library\n"


def test_each_step_leads_a_process_group_of_its_own(instance):
    """No two steps share a process; each leads its group and its session, away from the run's."""
    result = run(instance, "pids")
    pids = {value(instance, result, key) for key in ("say_pid", "say_pid_2")}
    assert all(pid == group == session != os.getpid() for pid, group, session in pids)
    assert len(pids) == 2


def test_a_step_may_get_a_new_interpreter(instance):
    """With start_method spawn, nothing is copied, and the results are the same."""
    result = run(instance, "diamond", {"start_method": {"spawn": {}}})
    assert (result.success, value(instance, result, "add")) == (True, 4)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("exit", r"Its process \d+ exited with code 3 before the step had ended"),
        ("SIGKILL", r"Its process \d+ was killed \(SIGKILL\): .* its memory had grown to \d+ MiB"),
        ("SIGSEGV", r"Its process \d+ was ended by SIGSEGV: C code in it has crashed"),
        ("SIGUSR1", r"Its process \d+ was ended by SIGUSR1"),
    ],
)
def test_a_process_that_ends_too_early_fails_its_step_alone(instance, how, message):
    """The step fails with the reason, what follows is skipped, the others go on, and what it wrote is kept."""
    result = run(instance, "dying", ops={"die": {"config": {"how": how}}})
    logs = instance.compute_log_manager
    printed = logs.get_log_data(logs.build_log_key_for_run(result.run_id, "die")).stdout
    error = failure(result, "die").event_specific_data.error
    assert ends(result) == {"die": "STEP_FAILURE", "double": "STEP_SKIPPED", "one": "STEP_SUCCESS"}
    assert error.cls_name == "StepProcessError"
    assert re.search(message, error.message)
    assert printed == b"last words\n"


def test_a_step_whose_process_was_killed_is_tried_again(instance, tmp_path):
    """The op's retry policy counts a lost process as a failure; the run succeeds in the end."""
    file = tmp_path / "tries"
    result = run(instance, "dying_at_first", ops={"die_at_first": {"config": {"file": str(file)}}})
    types = [event.event_type.value for event in result.events if event.step_key == "die_at_first"]
    keys = [event.event_specific_data.log_key for event in result.events_of_type(EventType.LOGS_CAPTURED)]
    assert result.success
    assert [instance.compute_log_manager.get_log_data(key).stdout for key in keys] == [b"try 0\n", b"try 1\n"]
    assert file.read_text() == "0\n1\n"
    assert types.count("STEP_UP_FOR_RETRY") == types.count("STEP_RESTARTED") == 1


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        ([{"key": "team", "limit": 1}], 1),
        ([{"key": "team", "value": "red", "limit": 2}], 2),
        ([{"key": "team", "value": "blue", "limit": 1}], 3),
        ([{"key": "team", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}], 1),
    ],
)
def test_steps_with_a_tag_are_limited(instance, tmp_path, limits, most):
    """No more steps with a label run at once than its limit says."""
    folder = tmp_path / "here"
    folder.mkdir()
    result = run(
        instance, "crowd", {"max_concurrent": 3, "tag_concurrency_limits": limits}, ops=crowd_config(folder)
    )
    assert result.success
    assert value(instance, result, "largest") <= most


def test_slots_limit_steps_across_runs(instance, home, tmp_path):
    """Two runs at a time together keep to the slots of a concurrency key, and none is held afterwards."""
    folder = tmp_path / "here"
    folder.mkdir()
    instance.event_log_storage.set_concurrency_slots("pool", 2)
    config = {**multiprocess(max_concurrent=3), "ops": crowd_config(folder)}
    run_id = str(uuid4())
    with started(home, "crowd", run_id, config) as other:
        result = run(instance, "crowd", {"max_concurrent": 3}, ops=crowd_config(folder))
        assert other.wait(60) == 0
    assert result.success
    assert max(value(instance, found, "largest") for found in (result, _Result(run_id))) <= 2
    assert instance.event_log_storage.get_concurrency_info("pool").claimed == ()


class _Result:
    def __init__(self, run_id):
        self.run_id = run_id


def crowd_config(folder):
    return {f"count_{number}": {"config": {"folder": str(folder)}} for number in range(6)}


def started(home, name, run_id, run_config):
    command = [
        sys.executable,
        str(HERE / "run_in_process.py"),
        str(home),
        name,
        run_id,
        json.dumps(run_config),
    ]
    return subprocess.Popen(command, start_new_session=True)


def wait_for_text(file):
    """Return the numbers in a file that another process is about to write."""
    deadline = time.monotonic() + 60
    while not (file.exists() and len(file.read_text().split()) == 2):
        assert time.monotonic() < deadline
        select.select([], [], [], 0.02)
    return [int(number) for number in file.read_text().split()]


def wait_until_gone(pids):
    """Wait until processes are gone; zombies, which nobody here can reap, count as gone."""
    deadline = time.monotonic() + GONE_AFTER_SECONDS
    while any(map(is_alive, pids)):
        assert time.monotonic() < deadline
        select.select([], [], [], 0.02)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def waiting_config(tmp_path, op_name="wait_for_ever"):
    return {
        **multiprocess(grace_seconds=1.0),
        "ops": {op_name: {"config": {"file": str(tmp_path / "pids")}}},
    }


def test_a_canceled_run_ends_its_steps_in_order(instance, home, tmp_path):
    """SIGTERM reaches the step, whose resources are torn down; nothing that it has started is left."""
    notes, run_id = tmp_path / "notes", str(uuid4())
    config = {**waiting_config(tmp_path), "resources": {"note": {"config": {"file": str(notes)}}}}
    with started(home, "waiting", run_id, config) as process:
        pids = wait_for_text(tmp_path / "pids")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 130
    wait_until_gone(pids)
    assert instance.get_run_by_id(run_id).status is RunStatus.CANCELED
    assert notes.read_text() == "up\ndown\n"


def test_a_step_that_does_not_listen_is_killed(instance, home, tmp_path):
    """After the grace period a step is killed, and the run is canceled all the same."""
    run_id = str(uuid4())
    with started(home, "stubborn", run_id, waiting_config(tmp_path, "ignore_sigterm")) as process:
        pids = wait_for_text(tmp_path / "pids")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 130
    wait_until_gone(pids)
    assert instance.get_run_by_id(run_id).status is RunStatus.CANCELED


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a pipe's end by a signal")
def test_no_step_outlives_the_process_of_its_run(home, tmp_path):
    """When the process of the run is killed, the step and what it has started are gone."""
    config = {
        **waiting_config(tmp_path),
        "resources": {"note": {"config": {"file": str(tmp_path / "notes")}}},
    }
    with started(home, "waiting", str(uuid4()), config) as process:
        pids = wait_for_text(tmp_path / "pids")
        process.kill()
        process.wait()
    wait_until_gone(pids)


def test_a_killed_fork_server_fails_the_step_under_way_and_is_replaced(instance, home, tmp_path):
    """The step says what happened; later steps get a new fork server."""
    config = {
        **waiting_config(tmp_path),
        "resources": {"note": {"config": {"file": str(tmp_path / "notes")}}},
    }
    run_id = str(uuid4())
    with started(home, "waiting", run_id, config) as process:
        step, child = wait_for_text(tmp_path / "pids")
        os.kill(int(Path(f"/proc/{step}/stat").read_text().rpartition(")")[2].split()[1]), signal.SIGKILL)
        assert process.wait(30) == 0
    wait_until_gone([step, child])
    found = [
        entry.message for entry in instance.all_logs(run_id) if entry.event_type is EventType.STEP_FAILURE
    ]
    assert len(found) == 1
    assert "was lost with the fork server" in found[0]


@op
def local_op():
    return 1


def test_a_job_that_cannot_be_loaded_again_is_refused(instance):
    """The executor names what it needs before a step runs."""

    @job
    def local():
        local_op()

    with pytest.raises(UnmetExecutorRequirementsError, match="reconstructable"):
        execute_job(local, instance, multiprocess(), raise_on_error=True)


def test_an_ephemeral_instance_is_refused():
    """The executor needs an instance that other processes can open."""
    with Instance.ephemeral() as ephemeral, pytest.raises(UnmetExecutorRequirementsError, match="ephemeral"):
        execute_job(target("diamond"), ephemeral, multiprocess(), raise_on_error=True)
