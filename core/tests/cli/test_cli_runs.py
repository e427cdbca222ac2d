"""`runs`: listed, shown, found by what a person types, deleted."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from runrack.instance.instance import Instance
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus

RUNRACK = str(Path(sys.executable).parent / "runrack")
ENDED = (EventType.RUN_START, EventType.RUN_SUCCESS)
FIRST = "aaaa1111-0000-4000-8000-000000000000"
SECOND = "aaaa2222-0000-4000-8000-000000000000"
THIRD = "bbbb3333-0000-4000-8000-000000000000"


@pytest.fixture
def three_runs(add_run):
    add_run(FIRST, *ENDED, job_name="north", tags={"team": "sea"})
    add_run(SECOND, EventType.RUN_START, EventType.RUN_FAILURE, job_name="south")
    add_run(THIRD, EventType.RUN_START, job_name="north", tags={"team": "air\x1b[31m"})


def test_without_runs_the_list_says_what_to_do(runrack):
    """An empty list is an answer, not silence."""
    result = runrack("runs", "list")
    assert (result.exit_code, result.stdout) == (
        0,
        "There are no runs yet. `runrack run FILE` makes the first one.\n",
    )


def test_runs_are_listed_newest_first(runrack, three_runs):
    """Each run has a line with the beginning of its id, its status and its job."""
    lines = runrack("runs", "list").stdout.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["RUN", "STATUS", "JOB"],
        ["bbbb3333", "STARTED", "north"],
        ["aaaa2222", "FAILURE", "south"],
        ["aaaa1111", "SUCCESS", "north"],
    ]
    assert lines[1].endswith("team=air\\x1b[31m")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--job", "north"], [THIRD, FIRST]),
        (["--status", "FAILURE", "--status", "success"], [SECOND, FIRST]),
        (["--tag", "team=sea"], [FIRST]),
        (["--cursor", THIRD], [SECOND, FIRST]),
        (["--job", "west"], []),
        (["--since", "1w"], [THIRD, SECOND, FIRST]),
        (["--since", "2000-01-01"], [THIRD, SECOND, FIRST]),
        (["--since", "9999-01-01T00:00+00:00"], []),
    ],
)
def test_runs_are_selected(runrack, three_runs, options, expected):
    """Every option narrows the list."""
    listed = json.loads(runrack("runs", "list", "--json", *options).stdout)
    assert [run["run_id"] for run in listed["runs"]] == expected


def test_a_page_names_the_next(runrack, three_runs):
    """A list that is cut off has the cursor at which it continues; the last page has none."""
    page = json.loads(runrack("runs", "list", "--limit", "2", "--json").stdout)
    assert page["cursor"] == SECOND
    rest = json.loads(runrack("runs", "list", "--limit", "2", "--json", "--cursor", SECOND).stdout)
    assert ([run["run_id"] for run in rest["runs"]], rest["cursor"]) == ([FIRST], None)
    assert f"runrack runs list --cursor {SECOND}" in runrack("runs", "list", "--limit", "2").stdout


def test_nothing_selected_is_said(runrack, three_runs):
    """A selection without runs is told from an instance without runs."""
    assert "No run is like that." in runrack("runs", "list", "--job", "west").stdout


def test_the_fields_of_a_run_for_programs(runrack, three_runs):
    """The JSON of a run has the fields that docs/cli.md lists."""
    (run,) = json.loads(runrack("runs", "list", "--json", "--tag", "team=sea").stdout)["runs"]
    assert list(run) == [
        "run_id",
        "job_name",
        "status",
        "created_at",
        "started_at",
        "ended_at",
        "duration_seconds",
        "tags",
    ]
    assert (run["status"], run["tags"]) == ("SUCCESS", {"team": "sea"})


@pytest.mark.parametrize("reference", [SECOND, "aaaa2", "aaaa2222"])
def test_a_run_is_found_by_the_beginning_of_its_id(runrack, three_runs, reference):
    """Four characters of an id are enough where they name one run."""
    assert json.loads(runrack("runs", "show", reference, "--json").stdout)["run_id"] == SECOND


def test_last_is_the_newest_run(runrack, three_runs):
    """`last` stands for the run that was added last."""
    assert runrack("runs", "show", "last").stdout.startswith(f"run       {THIRD}\nstatus    STARTED\n")


def test_an_ambiguous_beginning_lists_the_candidates(runrack, three_runs):
    """Where several ids begin alike, they are listed and nothing is done."""
    result = runrack("runs", "show", "aaaa")
    assert (result.exit_code, result.stderr) == (
        2,
        (
            f"error: 2 run ids begin with 'aaaa'; give more of it:\n  {SECOND}\n  {FIRST}\n"
            "  more: runrack explain RR-A101\n"
        ),
    )


@pytest.mark.parametrize(
    ("reference", "code", "message"),
    [("aaa", 2, "too short"), ("cccc", 1, "no run with id 'cccc'"), ("\x1b[3", 2, "too short")],
)
def test_a_run_that_is_not_there(runrack, three_runs, reference, code, message):
    """An id that is too short is the input's fault, one that no run has is a failure."""
    result = runrack("events", reference)
    assert (result.exit_code, message in result.stderr, "\x1b" in result.stderr) == (code, True, False)


def test_last_without_runs(runrack):
    """`last` fails where there are no runs, and says what to do."""
    result = runrack("logs", "last")
    assert (result.exit_code, result.stderr) == (
        1,
        (
            "error: no run is stored yet: `runrack run FILE` makes the first one\n"
            "  more: runrack explain RR-R100\n"
        ),
    )


def test_the_steps_of_a_run_are_shown(runrack, jobs):
    """`runs show` has the steps in the order in which they began."""
    runrack("run", f"{jobs}:find_largest")
    shown = json.loads(runrack("runs", "show", "last", "--json").stdout)
    assert [(step["step_key"], step["status"], step["attempts"]) for step in shown["steps"]] == [
        ("numbers", "SUCCESS", 1),
        ("largest", "SUCCESS", 1),
    ]
    assert (shown["run_config"], shown["failure"]) == ({}, None)


def test_deleting_takes_the_run_its_events_and_its_output(runrack, jobs):
    """Nothing of a deleted run stays."""
    run_id = json.loads(runrack("run", f"{jobs}:find_largest", "--json").stdout)["run_id"]
    result = runrack("runs", "delete", run_id, "--yes")
    assert (result.exit_code, result.stdout) == (0, f"deleted {run_id}\n")
    with Instance.get() as instance:
        assert not instance.has_run(run_id)
        assert instance.all_logs(run_id) == []
        key = instance.compute_log_manager.build_log_key_for_run(run_id, "numbers")
        assert instance.compute_log_manager.get_log_data(key).stdout is None


def test_without_a_terminal_deleting_wants_yes(runrack, three_runs, instance):
    """Where nobody can be asked, --yes is needed; nothing is deleted without it."""
    result = runrack("runs", "delete", FIRST)
    assert (result.exit_code, result.stderr) == (
        2,
        (
            "error: nobody can be asked here: confirm the deletion with --yes\n"
            "  more: runrack explain RR-A101\n"
        ),
    )
    assert instance.has_run(FIRST)


@pytest.mark.parametrize(("answer", "code", "is_left"), [(b"n\n", 130, True), (b"y\n", 0, False)])
def test_on_a_terminal_deleting_asks(environment, three_runs, instance, answer, code, is_left):
    """The runs are shown and a question is asked; only yes deletes them."""
    master, slave = pty.openpty()
    os.write(master, answer)
    done = subprocess.run(
        [RUNRACK, "runs", "delete", FIRST],
        stdin=slave,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    os.close(slave)
    os.close(master)
    assert (done.returncode, instance.has_run(FIRST)) == (code, is_left), done.stderr
    assert done.stdout.startswith(
        f"{FIRST}  SUCCESS  north\nDelete this run with events and captured output for good?"
    )


def test_an_unfinished_run_is_deleted_only_by_force(runrack, three_runs, instance):
    """A run that may still be under way is not deleted by the way."""
    refused = runrack("runs", "delete", FIRST, THIRD, "--yes")
    assert (refused.exit_code, THIRD in refused.stderr, instance.get_runs_count()) == (1, True, 3)
    assert runrack("runs", "delete", FIRST, THIRD, "--yes", "--force").exit_code == 0
    assert [run.run_id for run in instance.get_runs()] == [SECOND]


def test_every_status_can_be_asked_for(runrack):
    """`--status` takes each of the statuses."""
    for status in RunStatus:
        assert runrack("runs", "list", "--status", status.value).exit_code == 0


@pytest.mark.parametrize("value", ["yesterday", "3y", "2026-13-01", "999999999w"])
def test_a_time_that_cannot_be_read(runrack, value):
    """What is neither a duration nor a date is refused with examples of both."""
    result = runrack("runs", "list", "--since", value)
    assert (result.exit_code, "give how long ago (30m, 12h, 2d)" in result.stderr) == (2, True)


def test_a_filter_that_nothing_fits(runrack, home):
    """Without any run that was made since then, that is said, rather than that there are no runs yet."""
    assert runrack("runs", "list", "--since", "1h").stdout.startswith("No run is like that.")
