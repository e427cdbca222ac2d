"""`runrack schedule`, `runrack sensor` and `runrack backfill`, as a person and a program use them."""

import json

import pytest

from runrack.instance.instance import Instance

CODE = """
from runrack import (
    DailyPartitionsDefinition, InstigatorStatus, RunRequest, SkipReason, job, op, run_failure_sensor, schedule, sensor,
)


@op
def nothing():
    pass


@job
def plain():
    nothing()


@job(partitions_def=DailyPartitionsDefinition("2026-01-01", end="2026-01-11"))
def daily():
    nothing()


@schedule("30 2 * * *", job=plain, execution_timezone="Europe/Zurich")
def nightly(context):
    return RunRequest(run_key=context.scheduled_execution_time.strftime("%d"), tags={"a": "b"})


@schedule("* * * * * *", job=plain, default_status=InstigatorStatus.RUNNING)
def broken():
    raise ValueError("no luck")


@sensor(job=plain)
def looks(context):
    context.update_cursor((context.cursor or "") + "x")
    return SkipReason("nothing there")
"""


@pytest.fixture(autouse=True)
def code(home, tmp_path):
    file = tmp_path / "code.py"
    file.write_text(CODE)
    text = f"workspace:\n  - python_file: {{path: {file}, location_name: here}}\nrun_coordinator: {{queued: {{}}}}\n"
    (home / "runrack.yaml").write_text(text)


@pytest.fixture
def answer(runrack):
    """Runs a command that succeeds, and gives what it printed, read from JSON where it is."""

    def run(*arguments):
        result = runrack(*arguments)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout) if "--json" in arguments else result.stdout

    return run


def test_schedules_are_listed_started_and_stopped(answer):
    """A schedule runs by its code, or by what a person said last."""

    def running():
        return {each["name"]: each["is_running"] for each in answer("schedule", "list", "--json")}

    assert running() == {"broken": True, "nightly": False}
    assert answer("schedule", "start", "nightly") == "Schedule nightly is running.\n"
    assert answer("schedule", "stop", "here:broken") == "Schedule broken is stopped.\n"
    assert running() == {"broken": False, "nightly": True}
    assert answer("schedule", "reset", "nightly") == "Schedule nightly is stopped (by its code).\n"
    table = answer("schedule", "list")
    assert "Europe/Zurich  STOPPED (by its code)" in table


def test_the_next_ticks_are_shown(answer):
    """A preview shows each tick in the zone of the schedule and in UTC."""
    moments = answer("schedule", "preview", "nightly", "-n", "3", "--json")
    assert [moment["local"][11:16] for moment in moments] == ["02:30"] * 3
    assert answer("schedule", "preview", "nightly", "-n", "1").count("UTC") == 1


def test_a_dry_run_makes_nothing(answer, runrack):
    """A test shows the runs that a tick would make, or the error of its function, and makes none."""
    (found,) = answer("schedule", "test", "nightly", "--at", "2026-03-04 12:00", "--json")["run_requests"]
    assert (found["job_name"], found["run_key"], found["tags"]) == ("plain", "04", {"a": "b"})
    assert "Nothing was made" in answer("schedule", "test", "nightly")
    failed = runrack("schedule", "test", "broken")
    assert (failed.exit_code, "no luck" in failed.stdout) == (1, True)
    assert answer("runs", "list", "--json")["runs"] == []


def test_ticks_are_shown(answer):
    """Before a daemon ran there is no tick; afterwards each is shown with its error."""
    assert answer("schedule", "ticks", "broken").startswith("No tick yet")
    assert answer("sensor", "ticks", "looks", "--json") == []


def test_sensors_are_listed_started_and_stopped(answer):
    """A sensor is started and stopped, and its bookmark shown, set and forgotten."""
    assert [each["name"] for each in answer("sensor", "list", "--json")] == ["looks"]
    assert "30 s" in answer("sensor", "list")
    assert answer("sensor", "start", "looks") == "Sensor looks is running.\n"
    assert answer("sensor", "cursor", "looks") == "Sensor looks has no cursor.\n"
    answer("sensor", "cursor", "looks", "--set", "x")
    assert answer("sensor", "cursor", "looks") == "x\n"
    assert "No run is asked for: nothing there.\nCursor: xx" in answer("sensor", "test", "looks")
    assert answer("sensor", "stop", "looks") == "Sensor looks is stopped.\n"
    assert answer("sensor", "cursor", "looks") == "x\n"
    answer("sensor", "cursor", "looks", "--clear")
    assert answer("sensor", "reset", "looks") == "Sensor looks is stopped (by its code).\n"


def test_a_backfill_runs_each_partition_once(answer, runrack):
    """A backfill submits a run for each partition of a range; begun again with its id, it adds what is missing."""
    dry = answer("backfill", "start", "daily", "--partitions", "2026-01-02...2026-01-04", "--dry-run")
    assert dry.splitlines()[:3] == ["2026-01-02", "2026-01-03", "2026-01-04"]
    assert answer("backfill", "list").startswith("No backfill yet")
    made = answer("backfill", "start", "daily", "--partitions", "2026-01-02...2026-01-04", "--json")
    assert made["runs"] == 3
    more = answer(
        "backfill", "start", "here:daily", "--partitions", "all", "--resume", made["backfill_id"], "--json"
    )
    assert (more["backfill_id"], more["runs"], len(more["partitions"])) == (made["backfill_id"], 7, 10)
    status = answer("backfill", "status", made["backfill_id"], "--json")
    assert (status["job_name"], status["counts"], status["is_finished"]) == ("daily", {"QUEUED": 10}, False)
    assert answer("backfill", "list", "--json") == [status]
    assert "10 runs were told" in answer("backfill", "cancel", made["backfill_id"])
    assert answer("backfill", "status", made["backfill_id"], "--json")["counts"] == {"CANCELED": 10}
    with Instance.get() as instance:
        partitions = [run.tags["runrack/partition"] for run in instance.get_runs()]
    assert sorted(partitions) == [f"2026-01-{day:02}" for day in range(1, 11)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("schedule", "start", "nightli"), "did you mean 'nightly'"),
        (("sensor", "ticks", "x"), "there is no sensor 'x'"),
        (("backfill", "start", "plain", "--partitions", "all"), "has no partitions"),
        (("backfill", "start", "dayly", "--partitions", "all"), "did you mean 'daily'"),
        (("backfill", "start", "daily", "--partitions", "2026-01-04...2026-01-02"), "ends before it begins"),
        (("backfill", "start", "daily", "--partitions", "2027-01-04"), "no partition '2027-01-04'"),
        (("backfill", "status", "x"), "no backfill 'x'"),
        (("backfill", "cancel", "x"), "no backfill 'x'"),
    ],
)
def test_what_is_not_there_is_said(runrack, arguments, message):
    """A name that stands for nothing is said in one message, with the nearest one."""
    result = runrack(*arguments)
    assert result.exit_code in {1, 2}
    assert message in result.stderr


def test_a_location_that_cannot_be_loaded_is_said(answer, tmp_path, runrack):
    """A list of schedules says on stderr which code cannot be loaded, and why."""
    (tmp_path / "code.py").write_text("1 / 0")
    result = runrack("schedule", "list")
    assert "ZeroDivisionError" in result.stderr
    assert "No schedule" in result.stdout
