"""A run that is made with some plugins and executed with others, by processes that are all real."""

import json

import pytest

JOB = """
from runrack import job, op, resource
from runrack_process import subprocess_step_launcher

@op
def one():
    return 1

@op(required_resource_keys={"elsewhere"})
def two(number):
    return number + 1

@job
def here():
    one()

@job(resource_defs={"elsewhere": subprocess_step_launcher})
def there():
    two(one())
"""

QUEUE = "run_coordinator: {queued: {dequeue_interval_seconds: 1}}\n"

MADE_ELSEWHERE = (
    "{} has other plugins than there are where the run was made: acme-watch 1.2 here, 1.1 where the run was made."
    " Install the same versions in both places."
)


@pytest.fixture(autouse=True)
def _job_file(tmp_path):
    (tmp_path / "jobs.py").write_text(JOB)


def warnings_of(command_line):
    """The warnings in the log of the newest run."""
    entries = [json.loads(line) for line in command_line.output("events", "last", "--json").splitlines()]
    return [entry["message"] for entry in entries if entry["level"] == "WARNING"]


def work_off_the_queue(command_line):
    """Let a daemon have the newest run executed, and return the run when it is over."""
    command_line.output("daemon", "run", "--once")
    command_line.output("events", "last", "--follow")
    return json.loads(command_line.output("runs", "show", "last", "--json"))


def test_daemon_and_worker_name_what_differs_from_where_the_run_was_made(home, with_listener):
    """The log of a run that was submitted with version 1.1 of a plugin and worked off with 1.2 says so, and the run succeeds."""
    (home / "runrack.yaml").write_text(QUEUE)
    with_listener("1.1").output("runs", "submit", "jobs.py:here")
    newer = with_listener("1.2")
    run = work_off_the_queue(newer)

    assert run["status"] == "SUCCESS"
    assert run["plugins"]["versions"]["acme-watch"] == "1.1"
    assert run["plugins"]["parts"]["hooks watch"] == "acme_watch"
    assert warnings_of(newer) == [
        MADE_ELSEWHERE.format("The process that launches the run"),
        MADE_ELSEWHERE.format("The worker of the run"),
    ]


def test_a_difference_can_be_an_error(home, with_listener):
    """With `on_difference: error` the daemon does not launch a run that was made with another version."""
    (home / "runrack.yaml").write_text(f"{QUEUE}plugins: {{on_difference: error}}\n")
    with_listener("1.1").output("runs", "submit", "jobs.py:here")
    newer = with_listener("1.2")

    assert work_off_the_queue(newer)["status"] == "FAILURE"
    assert MADE_ELSEWHERE.format("The process that launches the run") in newer.output(
        "events", "last", "--json"
    )


@pytest.mark.parametrize("settings", ["", "plugins: {on_difference: ignore}\n"])
def test_a_step_is_compared_with_its_run(home, tmp_path, with_listener, settings):
    """A step in an interpreter that finds another version says so in the run's log, unless differences are ignored."""
    (home / "runrack.yaml").write_text(settings)
    older, newer = with_listener("1.1"), with_listener("1.2")
    elsewhere = {"config": {"env": {"PYTHONPATH": newer.environment["PYTHONPATH"]}}}
    older.output("run", "jobs.py:there", "--config-json", json.dumps({"resources": {"elsewhere": elsewhere}}))

    message = (
        "The process of the step has other plugins than there are in the process of the run: acme-watch 1.2 here, 1.1"
        " in the process of the run. Install the same versions in both places."
    )
    assert warnings_of(older) == ([] if settings else [message])
    assert "runrack-core" in older.output("runs", "show", "last")
