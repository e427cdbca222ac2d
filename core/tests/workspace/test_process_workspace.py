"""Workspaces: code of the user's in processes of its own, real ones all."""

import os
import signal
import sys
from contextlib import closing
from pathlib import Path

import pytest

from runrack.errors import ConfigError, InvalidArgumentError, LocationUnavailableError, NotFoundError
from runrack.instance.instance import Instance
from runrack.interfaces.workspace import LocationState, TickRequest
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin, Run
from runrack.records.run_request import RunRequest
from runrack.records.tick import InstigatorType
from runrack.workspace.location_target import LocationTarget, targets_from_config
from runrack.workspace.process_location import ProcessLocation
from runrack.workspace.process_workspace import ProcessWorkspace, load_targets

CODE = """
import os, time
from runrack import job, op
from runrack.definitions.schedule import schedule
from runrack.definitions.sensor import sensor
from runrack.records.run_request import RunRequest
from runrack.definitions.partitions import StaticPartitionsDefinition
from partner import ANSWER

@op
def work(): ...

@job(tags={"team": "x"})
def plain():
    work()

@job(partitions_def=StaticPartitionsDefinition(["a", "b"]))
def parts():
    work()

@schedule("0 4 * * *", job=plain, execution_timezone="Europe/Berlin")
def nightly(context):
    return RunRequest(run_key=context.scheduled_execution_time.isoformat(), run_config={"answer": ANSWER})

@sensor(job=plain, minimum_interval_seconds=5)
def looks(context):
    context.update_cursor((context.cursor or "") + "x")
    if context.cursor == "raisex":
        raise ValueError("no luck")
    if context.cursor == "hangx":
        time.sleep(600)
    if context.cursor == "crashx":
        os.abort()
    return RunRequest(run_key=str(os.getpid()))
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "jobs.py").write_text(CODE)
    (tmp_path / "partner.py").write_text("ANSWER = 41\n")
    return tmp_path


@pytest.fixture
def clock():
    return FakeClock()


class FakeClock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def location(folder, clock):
    target = LocationTarget(
        location_name="here", python_file=str(folder / "jobs.py"), working_directory=str(folder)
    )
    found = ProcessLocation(target, lambda: None, clock=clock)
    yield found
    found.close()


def tick(name, kind=InstigatorType.SENSOR, **fields):
    return TickRequest(instigator_type=kind, instigator_name=name, timestamp=1_700_000_000.0, **fields)


def test_a_location_tells_what_it_holds(location, folder):
    """Jobs, schedules and sensors cross the border as records, sorted by name; jobs with their code pointer."""
    contents = location.get_contents()
    assert [job.name for job in contents.jobs] == ["parts", "plain"]
    plain = contents.find_job("plain")
    assert plain.code_origin == JobCodeOrigin(
        "plain", "plain", file=str(folder / "jobs.py"), working_directory=str(folder)
    )
    assert (plain.tags, plain.has_partitions, plain.snapshot.name) == ({"team": "x"}, False, "plain")
    (schedule,) = contents.schedules
    assert (schedule.name, schedule.job_name, schedule.cron_schedule) == ("nightly", "plain", ("0 4 * * *",))
    (sensor,) = contents.sensors
    assert (sensor.name, sensor.job_names, sensor.minimum_interval_seconds) == ("looks", ("plain",), 5.0)


def test_a_schedule_is_asked_in_its_own_time_zone(location):
    """A tick of a schedule gives the runs that its function asks for, at the time that the zone of the schedule shows."""
    result = location.evaluate_tick(tick("nightly", InstigatorType.SCHEDULE))
    (request,) = result.run_requests
    assert request == RunRequest(
        run_key="2023-11-14T23:13:20+01:00", run_config={"answer": 41}, job_name="plain"
    )


def test_a_sensor_answers_from_a_copy_of_the_process(location):
    """A sensor leaves its bookmark, and its code runs in a process other than that of the location."""
    result = location.evaluate_tick(tick("looks", cursor="a"))
    assert (result.cursor, result.error) == ("ax", None)
    assert int(result.run_requests[0].run_key) not in {os.getpid(), location.info.pid}


def test_what_a_sensor_raises_is_data(location):
    """An exception of a sensor's code is the error of the answer."""
    result = location.evaluate_tick(tick("looks", cursor="raise"))
    assert result.error.cls_name == "ValueError"
    assert "no luck" in result.error.message


@pytest.mark.parametrize("cursor", ["hang", "crash"])
def test_a_sensor_that_hangs_or_crashes_ends_nothing_else(location, cursor):
    """A sensor that takes too long, or takes its process down, is an error of this tick; the location goes on."""
    result = location.evaluate_tick(tick("looks", cursor=cursor), timeout_seconds=1.0)
    assert "took longer than 1 s, or crashed" in result.error.message
    assert location.evaluate_tick(tick("looks")).error is None


def test_what_there_is_not_is_named(location):
    """Asking for a schedule, a sensor or a job that the location does not hold is an error that names it."""
    with pytest.raises(NotFoundError, match="'nobody'"):
        location.evaluate_tick(tick("nobody"))
    with pytest.raises(NotFoundError, match="'nobody'"):
        location.get_partition_keys("nobody")


def test_partition_keys_come_from_the_location(location):
    """The keys of a job's partitions are asked for; a job without partitions has none."""
    assert list(location.get_partition_keys("parts")) == ["a", "b"]
    assert list(location.get_partition_keys("plain")) == []


def test_code_that_cannot_be_loaded_is_an_error_kept_with_the_location(folder):
    """A load error is one message with file and line; it is loaded when the file is mended."""
    partner = folder / "partner.py"
    partner.write_text("ANSWER = = 41\n")
    workspace = ProcessWorkspace([LocationTarget(location_name="here", python_file=str(folder / "jobs.py"))])
    try:
        (info,) = workspace.list_locations()
        assert info.state is LocationState.ERROR
        assert info.error == f"{partner}:1: invalid syntax"
        with pytest.raises(LocationUnavailableError, match="invalid syntax"):
            workspace.get_location("here").get_contents()
        partner.write_text("ANSWER = 42\n")
        assert workspace.refresh() == ["here"]
        (info,) = workspace.list_locations()
        assert (info.state, info.error) == (LocationState.LOADED, None)
    finally:
        workspace.close()


def test_changed_code_is_loaded_anew(location, folder):
    """A change of any file below the folder leads to a new process with the new code."""
    location.get_contents()
    first = location.info.pid
    assert not location.refresh()
    (folder / "partner.py").write_text("ANSWER = 4200\n")
    assert location.refresh()
    assert location.info.pid != first
    result = location.evaluate_tick(tick("nightly", InstigatorType.SCHEDULE))
    assert result.run_requests[0].run_config == {"answer": 4200}


def test_a_process_that_died_is_replaced(location, clock):
    """A location whose process was killed starts another when it is asked next; one that dies again pauses."""
    location.get_contents()
    for _ in range(2):
        kill_and_wait(location.info.pid)
        with_pause = location.why_unavailable()
    assert with_pause == "its process died again, and is started anew after a pause"
    clock.now = 60.0
    assert location.why_unavailable() is None


def kill_and_wait(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_an_interpreter_that_is_not_there_is_an_error_of_the_location(folder):
    """A location whose interpreter cannot be started says so."""
    target = LocationTarget(
        location_name="x", python_file=str(folder / "jobs.py"), executable_path=str(folder / "python")
    )
    with pytest.raises(LocationUnavailableError, match=r"cannot be started.*No such file"):
        ProcessLocation(target, lambda: None).get_contents()


def test_another_interpreter_loads_the_code(folder):
    """A location with an interpreter of its own is loaded by that, and its runs carry it."""
    target = LocationTarget(
        location_name="x",
        python_file=str(folder / "jobs.py"),
        working_directory=str(folder),
        executable_path=sys.executable,
    )
    location = ProcessLocation(target, lambda: None)
    try:
        assert location.get_contents().find_job("plain").code_origin.executable == sys.executable
    finally:
        location.close()


@pytest.mark.parametrize("executable", [None, sys.executable])
@pytest.mark.parametrize("entry", ["lib", ""])
def test_relative_folders_of_modules_are_those_of_the_parent(
    folder, tmp_path, monkeypatch, executable, entry
):
    """A location that works in another folder, and its runs, find what is on a relative path for whoever starts it."""
    library, elsewhere = tmp_path / "here" / entry, tmp_path / "elsewhere"
    library.mkdir(parents=True)
    elsewhere.mkdir()
    (folder / "partner.py").rename(library / "partner.py")
    (folder / "jobs.py").rename(elsewhere / "jobs.py")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PYTHONPATH", f"/nowhere{os.pathsep}{entry}")
    monkeypatch.setattr(sys, "path", [entry, *sys.path])
    target = LocationTarget(
        location_name="x",
        python_module="jobs",
        working_directory=str(elsewhere),
        executable_path=executable,
    )
    with closing(ProcessLocation(target, lambda: None)) as location:
        assert location.get_contents().find_job("plain").name == "plain"


def test_modules_and_packages_are_locations(folder):
    """A module is found in the working directory; a package is loaded with all that lies in it."""
    package = folder / "all_of_it"
    (package / "below").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "below" / "__init__.py").write_text("")
    (package / "below" / "deep.py").write_text((folder / "jobs.py").read_text())
    targets = [
        LocationTarget(location_name="m", python_module="jobs", working_directory=str(folder)),
        LocationTarget(location_name="p", package="all_of_it", working_directory=str(folder)),
        LocationTarget(
            location_name="one", python_module="jobs", attribute="plain", working_directory=str(folder)
        ),
    ]
    workspace = ProcessWorkspace(targets)
    try:
        names = [
            [job.name for job in workspace.get_location(name).get_contents().jobs]
            for name in workspace.location_names
        ]
        assert names == [["parts", "plain"], ["parts", "plain"], ["plain"]]
        deep = workspace.get_location("p").get_contents().find_job("plain").code_origin
        assert deep.module == "all_of_it.below.deep"
    finally:
        workspace.close()


def test_a_run_finds_its_location(folder):
    """A run belongs to the location that it names; where there is none at all, to one made from its code pointer."""
    origin = JobCodeOrigin("plain", "plain", file=str(folder / "jobs.py"), working_directory=str(folder))
    named = Run(job_name="plain", remote_job_origin=RemoteJobOrigin("here", "plain"))
    pointed = Run(
        job_name="plain", job_code_origin=origin, remote_job_origin=RemoteJobOrigin("gone", "plain")
    )
    lost = Run(job_name="plain", remote_job_origin=RemoteJobOrigin("gone", "plain"))
    configured = LocationTarget(location_name="here", python_file=str(folder / "jobs.py"))
    with closing(ProcessWorkspace([configured])) as workspace:
        assert workspace.get_location_of(named) is workspace.get_location("here")
        assert "'gone' is not available: it is not in the workspace" in workspace.why_unavailable(pointed)
        with pytest.raises(NotFoundError, match="no code location 'gone'"):
            workspace.reload("gone")
    with closing(ProcessWorkspace()) as workspace:
        assert workspace.why_unavailable(pointed) is None
        assert "does not say where its code lies" in workspace.why_unavailable(lost)


def test_the_configuration_names_locations(tmp_path):
    """`workspace` of runrack.yaml names files, modules and packages; paths begin at its folder."""
    text = """
    workspace:
      - python_file: {path: jobs.py}
      - python_module: {module: acme.jobs, location_name: acme, working_directory: code, executable_path: venv/bin/python}
      - package: {name: whole, attribute: defs}
    """
    (tmp_path / "runrack.yaml").write_text(text)
    with Instance.local_temp(tmp_path) as instance:
        assert instance.workspace.location_names == ("jobs.py", "acme", "whole")


def test_targets_are_read_from_configuration(tmp_path):
    """Each entry becomes a target with a name; relative paths begin at the folder of the file."""
    entries = [
        {"python_file": {"path": "jobs.py"}},
        {"python_module": {"module": "m", "working_directory": "code", "executable_path": "venv/bin/python"}},
    ]
    first, second = targets_from_config(entries, tmp_path)
    assert (first.location_name, first.python_file) == ("jobs.py", str(tmp_path / "jobs.py"))
    assert (second.location_name, second.working_directory) == ("m", str(tmp_path / "code"))
    assert second.executable_path == str(tmp_path / "venv/bin/python")
    with pytest.raises(InvalidArgumentError, match=r"two code locations are named 'jobs\.py'"):
        targets_from_config([entries[0], entries[0]], tmp_path)


def test_a_target_names_one_place():
    """A location is made from a file, a module or a package, not from two and not from none."""
    with pytest.raises(InvalidArgumentError):
        LocationTarget(location_name="x")


def test_a_workspace_file_is_checked(tmp_path):
    """A workspace file has the form of `workspace` in runrack.yaml; what is wrong in it is told with its place."""
    path = tmp_path / "workspace.yaml"
    path.write_text("workspace:\n  - python_file: {path: a.py}\n")
    assert [target.location_name for target in load_targets(path)] == ["a.py"]
    path.write_text("workspace:\n  - python_fil: {path: a.py}\n")
    with pytest.raises(ConfigError, match="python_file"):
        load_targets(Path(path))
