"""`runrack daemon` and `runrack runs watch`, as a person, a service manager and a program use them."""

import json
import os
import signal
import subprocess
import time

import pytest

from runrack.cli.runs.watch import follow_status_changes
from runrack.instance.instance import Instance
from runrack.interfaces.event_log import NO_RECORD
from runrack.records.event_type import EventType
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin
from runrack.testing.builders import make_entry, make_event, make_heartbeat, make_run

from .conftest import RUNRACK


@pytest.fixture
def daemon(home):
    """Return what starts a daemon in a process of its own."""
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [RUNRACK, "daemon", "run", *arguments],
            env={**os.environ, "RUNRACK_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_once_makes_the_daemon_healthy(runrack, home):
    """`daemon run --once` does one round of each loop; `daemon status` then exits with 0, and before with 1."""
    before = runrack("daemon", "status")
    assert (before.exit_code, "No daemon has run yet." in before.stdout) == (1, True)
    assert runrack("daemon", "run", "--once").exit_code == 0
    after = runrack("daemon", "status", "--json")
    status = json.loads(after.stdout)
    assert (after.exit_code, status["healthy"]) == (0, True)
    assert {"monitoring", "retention"} <= {loop["name"] for loop in status["loops"]}
    assert all(loop["problem"] is None and loop["last_heartbeat"] for loop in status["loops"])


def test_status_names_the_loop_that_is_not_well(runrack, home):
    """A sign of life that is too old is a problem; the errors of the loop are shown."""
    runrack("daemon", "run", "--once")
    with Instance.from_config(home) as instance:
        instance.add_daemon_heartbeat(make_heartbeat("monitoring", time.time() - 1000))
    result = runrack("daemon", "status")
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("monitoring")]
    assert "failed" in line
    assert "no daemon has been running it for" in line


def test_only_code_of_the_workspace_is_run(runrack, home, tmp_path):
    """Whoever writes into the database cannot choose what a daemon with a workspace runs: its locations do."""
    job = "from pathlib import Path\nfrom runrack import job, op\n\n@op\ndef work():\n    Path({!r}).touch()\n\n"
    job += "@job\ndef {}():\n    work()\n"
    (tmp_path / "known.py").write_text(job.format(str(tmp_path / "wanted"), "known"))
    (tmp_path / "foreign.py").write_text(job.format(str(tmp_path / "unwanted"), "foreign"))
    (home / "runrack.yaml").write_text(
        f"workspace: [{{python_file: {{path: {tmp_path}/known.py, location_name: here}}}}]\n"
        "run_coordinator: {queued: {}}\nrun_launcher: {default: {wait_for_processes: true}}\n"
    )
    pointer = JobCodeOrigin("foreign", "foreign", file=str(tmp_path / "foreign.py"))
    with Instance.from_config(home) as instance:
        for location, name in (("here", "known"), ("here", "foreign"), ("elsewhere", "foreign")):
            origin = RemoteJobOrigin(location, name)
            instance.add_run(
                make_run(location + name, job_name=name, remote_job_origin=origin, job_code_origin=pointer)
            )
            instance.submit_run(location + name)
    assert runrack("daemon", "run", "--once").exit_code == 0
    with Instance.from_config(home) as instance:
        runs = {run.run_id: run.status.value for run in instance.get_runs()}
    assert runs == {"hereknown": "SUCCESS", "hereforeign": "FAILURE", "elsewhereforeign": "QUEUED"}
    assert ((tmp_path / "wanted").exists(), (tmp_path / "unwanted").exists()) == (True, False)
    assert "code location 'elsewhere' cannot be loaded: it is not in the workspace" in runrack("queue").stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_daemon_stops_when_it_is_told_to(daemon, home, number):
    """It logs a JSON object a line, ends what is under way, and exits with 0."""
    (home / "runrack.yaml").write_text("")
    process = daemon("--log-format", "json")
    first = json.loads(process.stderr.readline())
    assert "monitoring" in first["message"]
    assert (first["level"], first["logger"], first["loop"]) == ("info", "runrack.daemon", "MainThread")
    process.send_signal(number)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(rest.splitlines()[-1])["message"] == "the daemon stops"


def test_watch_shows_each_change_once(home):
    """Changes of all runs come in the order in which they were stored; waiting begins when there are no more."""
    run = make_run()
    with Instance.from_config(home) as instance:
        instance.add_run(run)

        def store(_seconds):
            instance.handle_new_event(make_entry(types.pop(0), run.run_id))

        types = [EventType.RUN_STARTING, EventType.RUN_START, EventType.STEP_START, EventType.RUN_SUCCESS]
        changes = follow_status_changes(instance, NO_RECORD, wait=store)
        shown = [next(changes).event_type for _ in range(3)]
    assert shown == [EventType.RUN_STARTING, EventType.RUN_START, EventType.RUN_SUCCESS]


def test_watch_ends_after_its_limit(home):
    """`runs watch --limit` exits after so many changes of runs of the job."""
    with subprocess.Popen(
        [RUNRACK, "runs", "watch", "--limit", "1", "--job", "job"],
        env={**os.environ, "RUNRACK_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        line = process.stderr.readline()
        assert line.startswith("Waiting for runs"), process.stderr.read()
        with Instance.from_config(home) as instance:
            other = instance.add_run(make_run(job_name="other"))
            run = instance.add_run(make_run())
            for each in (other, run):
                entry = make_entry(make_event(EventType.RUN_START, job_name=each.job_name), each.run_id)
                instance.handle_new_event(entry)
        shown, _ = process.communicate(timeout=60)
    assert shown.split()[1:] == [run.run_id[:8], "STARTED", "job"]
