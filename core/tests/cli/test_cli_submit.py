"""Jobs of a workspace, named on the command line, and runs that are submitted from it."""

import json
import sys
from pathlib import Path

import pytest

from runrack.instance.instance import Instance

CODE = """
from runrack import StaticPartitionsDefinition, job, op


@op(config_schema={"fails": bool})
def work(context):
    print("working")
    if context.op_config["fails"]:
        raise ValueError("no luck")


@job(tags={"team": "a"}, config={"ops": {"work": {"config": {"fails": False}}}})
def good():
    work()


@job(partitions_def=StaticPartitionsDefinition(["x", "y"]), config={"ops": {"work": {"config": {"fails": False}}}})
def parted():
    work()
"""
FAILING = '{"ops": {"work": {"config": {"fails": true}}}}'


@pytest.fixture
def workspace(home, tmp_path):
    """A home whose workspace has the location `here`, whose runs wait in a queue."""
    code = tmp_path / "elsewhere" / "code.py"
    code.parent.mkdir()
    code.write_text(CODE)
    text = f"workspace:\n  - python_file: {{path: {code}, location_name: here}}\n"
    (home / "runrack.yaml").write_text(text + "run_coordinator: {queued: {}}\n")
    return code


@pytest.fixture
def launching(workspace, home):
    """The same home, whose runs are launched at once."""
    file = home / "runrack.yaml"
    file.write_text(file.read_text().replace("run_coordinator: {queued: {}}\n", ""))
    return workspace


def _runs(home: Path):
    with Instance.from_config(home) as instance:
        return list(instance.get_runs())


@pytest.mark.parametrize("target", ["good", "here:good"])
def test_a_job_of_the_workspace_is_submitted(runrack, workspace, home, target):
    """The id is printed; the run waits with its tags, its code pointer, and the name of its location."""
    result = runrack("runs", "submit", target, "--tag", "why=test")
    assert result.exit_code == 0, result.output
    (run,) = _runs(home)
    assert result.stdout == f"{run.run_id}\n"
    assert run.status == "QUEUED"
    assert {key: run.tags[key] for key in ("team", "why")} == {"team": "a", "why": "test"}
    assert (run.remote_job_origin.location_name, run.remote_job_origin.job_name) == ("here", "good")
    assert (run.job_code_origin.file, run.job_code_origin.attribute) == (str(workspace), "good")


def test_a_job_of_a_file_is_submitted(runrack, workspace, home):
    """A file needs no place in the workspace; its run says where the code lies."""
    result = runrack("runs", "submit", f"{workspace}:good", "--json")
    assert result.exit_code == 0, result.output
    (run,) = _runs(home)
    assert (json.loads(result.stdout)["run_id"], run.job_code_origin.file) == (run.run_id, str(workspace))


def test_another_interpreter_checks_the_configuration_itself(runrack, home, workspace):
    """Code of a location with an interpreter of its own is not loaded here: its run is stored as it was given."""
    python = workspace.parent / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    file = home / "runrack.yaml"
    file.write_text(file.read_text().replace("location_name:", f"executable_path: {python}, location_name:"))
    refused = runrack("run", "here:good")
    assert (refused.exit_code, "has an interpreter of its own" in refused.stderr) == (2, True)
    result = runrack("runs", "submit", "here:parted", "--partition", "x", "--config-json", FAILING)
    assert result.exit_code == 0, result.output
    (run,) = _runs(home)
    assert (run.tags["runrack/partition"], run.run_config) == ("x", json.loads(FAILING))
    assert run.job_code_origin.executable == str(python)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("here:goods",), 1, "did you mean 'good'"),
        (("goods",), 1, "the workspace has no job 'goods'"),
        (("here",), 1, "several jobs 'here': write one of here:good, here:parted"),
        (("good", "--partition", "x"), 2, "has no partitions"),
        (("parted", "--partition", "z"), 2, "'z'"),
        (("good", "--config-json", '{"ops": {"works": {}}}'), 2, "works"),
        (("missing.py:good",), 2, "missing.py"),
    ],
)
def test_what_cannot_be_submitted_is_refused(runrack, workspace, home, arguments, code, message):
    """What does not fit is said at once, and no run is stored."""
    result = runrack("runs", "submit", *arguments)
    assert (result.exit_code, message in result.stderr) == (code, True), result.stderr
    assert _runs(home) == []


def test_a_submitted_run_is_followed(runrack, launching, home):
    """With --follow, what happens is shown until the run is over."""
    result = runrack("runs", "submit", "good", "--follow")
    (run,) = _runs(home)
    assert result.exit_code == 0, result.output
    assert "RUN_SUCCESS" in result.stdout or "succeeded" in result.stdout
    assert f"SUCCESS job good, run {run.run_id}" in result.stdout


@pytest.mark.parametrize(("config", "code", "status"), [("{}", 0, "SUCCESS"), (FAILING, 1, "FAILURE")])
def test_a_run_is_launched_and_followed(runrack, launching, home, config, code, status):
    """`run --launch` exits as the run ends that another process executes."""
    result = runrack("run", "here:good", "--launch", "--config-json", config, "--json")
    (run,) = _runs(home)
    assert (result.exit_code, json.loads(result.stdout)["status"]) == (code, status), result.stderr
    assert run.remote_job_origin.location_name == "here"


def test_a_launched_run_is_taken_up(runrack, launching, home):
    """A run that takes up another one is launched in the location of that one."""
    runrack("run", "here:good", "--launch", "--config-json", FAILING)
    again = runrack("run", "--reexecute", "last", "--config-json", "{}", "--launch")
    assert again.exit_code == 0, again.output
    newest, first = _runs(home)
    assert (newest.parent_run_id, newest.remote_job_origin) == (first.run_id, first.remote_job_origin)


def test_a_job_of_a_location_runs_in_this_process(runrack, workspace):
    """`run LOCATION:JOB` needs no launcher; `job` commands take the same name."""
    done = runrack("run", "here:good", "--json")
    assert json.loads(done.stdout)["status"] == "SUCCESS"
    assert "job good" in runrack("job", "show", "here:good").stdout
    listed = json.loads(runrack("job", "list", "here", "--json").stdout)
    assert [job["name"] for job in listed["jobs"]] == ["good", "parted"]
    (one,) = json.loads(runrack("job", "list", "here:good", "--json").stdout)["jobs"]
    assert one["name"] == "good"


def test_a_workspace_file_is_used_instead(runrack, home, tmp_path):
    """With -w, the job is looked for in that file's workspace only."""
    (tmp_path / "other.py").write_text(CODE)
    file = tmp_path / "workspace.yaml"
    file.write_text("workspace:\n  - python_file: {path: other.py, location_name: there}\n")
    assert runrack("run", "there:good", "-w", str(file), "--dry-run").exit_code == 0
    refused = runrack("run", f"{tmp_path}/other.py:good", "-w", str(file), "--dry-run")
    assert (refused.exit_code, "the workspace has no job" in refused.stderr) == (1, True)
    assert runrack("run", "--asset", "*", "there", "-w", str(file)).exit_code == 2
