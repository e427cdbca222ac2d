"""SubprocessStepLauncher: a step in another interpreter, whose events arrive as from anywhere."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from runrack.definitions.job_target import load_job_target
from runrack.engine import execute_job
from runrack.errors import InvariantViolationError
from runrack.instance.instance import Instance
from runrack.records.event_type import EventType
from runrack_process import in_process_executor

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
PACKAGES = ("core", "plugins/process", "plugins/local")


@pytest.fixture
def instance(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    with Instance.from_config(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def other_python(tmp_path_factory):
    """The interpreter of a virtual environment that has what a step needs, and no storage."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    uv = str(Path(sys.executable).parent / "uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    packages = [argument for package in PACKAGES for argument in ("-e", str(REPOSITORY / package))]
    install = [uv, "pip", "install", "--quiet", "--python", str(folder / "bin/python"), *packages]
    if subprocess.run([*install, "--offline"], check=False, capture_output=True).returncode:
        subprocess.run(install, check=True)
    return str(folder / "bin/python")


def target(name):
    return load_job_target(f"{HERE / 'multiprocess_jobs.py'}:{name}")


def launcher(python):
    return {"resources": {"elsewhere": {"config": {"python": python}}}}


def value(instance, result, step_key):
    path = Path(instance.storage_directory(), result.run_id, "values", f"{step_key}.result.pickle")
    return pickle.loads(path.read_bytes())


def test_a_step_runs_in_another_environment(instance, other_python):
    """The op that requires the launcher runs there, the others here; value, message and output arrive."""
    result = execute_job(target("launched"), instance, launcher(other_python))
    logs = instance.compute_log_manager
    printed = logs.get_log_data(logs.build_log_key_for_run(result.run_id, "where")).stdout
    messages = [entry.user_message for entry in instance.all_logs(result.run_id) if entry.step_key == "where"]
    assert result.success
    assert value(instance, result, "where")[:2] == (other_python, str(Path(other_python).parents[1]))
    assert printed == b"printed elsewhere\n"
    assert f"I am {other_python}" in messages


def test_its_events_are_those_of_any_step(instance):
    """They come in the usual order, from the process that the step was executed in."""
    result = execute_job(target("launched"), instance, launcher(sys.executable))
    events = [event for event in result.events if event.step_key == "where"]
    assert [event.event_type.value for event in events] == [
        "LOGS_CAPTURED",
        "STEP_START",
        "LOADED_INPUT",
        "STEP_INPUT",
        "STEP_OUTPUT",
        "HANDLED_OUTPUT",
        "STEP_SUCCESS",
    ]
    assert {event.pid for event in events} == {value(instance, result, "where")[2]} != {os.getpid()}


def test_a_step_needs_no_executor(instance):
    """The executor that the run configuration names need not be known, nor its settings resolved, where the step is executed."""
    instance.registry.add_plugin("executor", "only_here", in_process_executor)
    config = {**launcher(sys.executable), "execution": {"executor": "only_here"}}
    assert execute_job(target("launched"), instance, config).success


def test_it_works_under_the_multiprocess_executor(instance):
    """The process of the step hands it on."""
    config = {**launcher(sys.executable), "execution": {"executor": "multiprocess"}}
    result = execute_job(target("launched"), instance, config)
    assert result.success
    assert value(instance, result, "where")[3] == 1


def test_a_process_that_dies_is_a_failure_that_may_be_retried(instance, tmp_path):
    """The op's retry policy applies to a step whose interpreter has ended too early."""
    config = {**launcher(sys.executable), "ops": {"die_elsewhere": {"config": {"file": str(tmp_path / "x")}}}}
    result = execute_job(target("dying_elsewhere"), instance, config)
    (retried,) = result.events_of_type(EventType.STEP_UP_FOR_RETRY)
    assert result.success
    assert "exited with code 7" in retried.event_specific_data.error.message


def test_an_interpreter_that_is_not_there_fails_the_step(instance):
    """The step's error names it."""
    result = execute_job(target("launched"), instance, launcher("/nowhere/python"))
    (failure,) = result.events_of_type(EventType.STEP_FAILURE)
    assert failure.step_key == "where"
    assert "/nowhere/python could not be started" in failure.event_specific_data.error.message


def test_an_op_requires_one_launcher_at_the_most(instance):
    """Two that contradict each other are refused."""
    with pytest.raises(InvariantViolationError, match="two step launchers, another and elsewhere"):
        execute_job(target("torn_apart"), instance, raise_on_error=True)
