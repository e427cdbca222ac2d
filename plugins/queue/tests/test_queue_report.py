"""What people are told about the queue: `runrack queue` and `runrack runs cancel`."""

import json

import pytest
from click.testing import CliRunner

from runrack.cli.command_line import build_command_line
from runrack.instance.home import HOME_VARIABLE
from runrack.instance.instance import Instance
from runrack.records.tags import PRIORITY
from runrack.testing.launching import submit

CONFIGURATION = """
run_coordinator:
  queued:
    max_concurrent_runs: 2
    tag_concurrency_limits:
      - {key: team, value: {applyLimitPerUniqueValue: true}, limit: 1}
      - {key: database, limit: 0}
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "runrack.yaml").write_text(CONFIGURATION)
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    return tmp_path


def runrack(*arguments):
    return CliRunner().invoke(build_command_line(), arguments)


def test_an_empty_queue_is_said_to_be_empty(home):
    """Without a queued run there is one line, and with --json empty data."""
    assert runrack("queue").output == "No run waits. In progress: 0.\n"
    assert json.loads(runrack("queue", "--json").output) == {"queued": 0, "in_progress": 0, "runs": []}


def test_each_run_says_why_it_waits(home):
    """The queue is shown in the order of turns, with what keeps each run waiting."""
    with Instance.get() as instance:
        submit(instance, "a", tags={"team": "x"})
        instance.run_storage.claim("daemon", 60)
        submit(instance, "b", tags={"team": "x"})
        submit(instance, "c", tags={"database": "y"})
        submit(instance, "d")
        submit(instance, "e")
        submit(instance, "urgent", tags={PRIORITY: "5", "team": "x"})
    found = json.loads(runrack("queue", "--json").output)
    assert (found["queued"], found["in_progress"]) == (6, 1)
    assert [(run["job_name"], run["priority"], run["reason"]) for run in found["runs"]] == [
        ("urgent", 5, "no more than 1 runs with the tag team=x may be in progress"),
        ("a", 0, "a daemon is about to launch it"),
        ("b", 0, "no more than 1 runs with the tag team=x may be in progress"),
        ("c", 0, "no more than 0 runs with the tag database may be in progress"),
        ("d", 0, "the next daemon that looks launches it"),
        ("e", 0, "no more than 2 runs may be in progress"),
    ]
    assert all(run["queued_at"] is not None for run in found["runs"])
    lines = runrack("queue", "--limit", "1").output.splitlines()
    assert lines[0].split() == ["RUN", "JOB", "PRIORITY", "WAITING", "WHY"]
    assert lines[1].split()[1:3] == ["urgent", "5"]
    assert lines[2:] == ["", "6 runs in the queue. In progress: 1."]


def test_runs_are_canceled_by_hand(home):
    """Queued runs are canceled at once; one that has ended is not, which is an error."""
    with Instance.get() as instance:
        a, b = submit(instance, "a", "b")
    canceled = runrack("runs", "cancel", a, b, a)
    assert (canceled.exit_code, canceled.stdout) == (0, f"{a} is CANCELED\n{b} is CANCELED\n")
    again = runrack("runs", "cancel", a)
    assert (again.exit_code, again.stderr) == (1, f"not canceled: {a} is CANCELED\n")
    assert runrack("runs", "cancel", "unknown").exit_code == 1
