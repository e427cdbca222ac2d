"""`runs show`: when steps waited and ran, and what they came to."""

import json

import pytest

from runrack.cli.runs.timeline import WIDTH, Timeline, ready_times, timeline_of
from runrack.records.snapshot import ExecutionPlanSnapshot, StepSnapshot
from runrack.records.stats import StepAttempt, StepStats

JOBS = """
from runrack import RetryPolicy, job, op


@op(retry_policy=RetryPolicy(max_retries=1))
def fetch(context):
    if context.retry_number == 0:
        raise ConnectionError("try later")


@op
def after(value):
    raise ValueError("no")


@op
def never(value):
    pass


@job
def fetching():
    never(after(fetch()))
"""


def step(key, *attempts):
    return StepStats(
        run_id="",
        step_key=key,
        start_time=attempts[0][0] if attempts else None,
        end_time=attempts[-1][1] if attempts else None,
        attempts=len(attempts),
        attempts_list=[StepAttempt(*times) for times in attempts],
    )


def test_bars_stand_where_the_time_was():
    """A step that ran in the third quarter and was ready after the first one waits in the second."""
    bar = Timeline(100.0, 140.0).bar(step("a", (120.0, 130.0)), ready_at=110.0)
    assert bar == " " * 10 + "·" * 10 + "█" * 10


def test_attempts_that_failed_are_told_from_the_last():
    """Between attempts a step waits; the last attempt alone is full."""
    bar = Timeline(0.0, 40.0).bar(step("a", (0.0, 10.0), (20.0, None)), ready_at=0.0)
    assert bar == "▒" * 10 + "·" * 10 + "█" * 20


@pytest.mark.parametrize(("begin", "expected"), [(0.0, "█"), (40.0, " " * (WIDTH - 1) + "█")])
def test_a_short_step_is_seen(begin, expected):
    """However short it was, a step that ran has a mark."""
    assert Timeline(0.0, 40.0).bar(step("a", (begin, begin)), ready_at=begin) == expected


def test_a_step_that_never_began_has_no_bar():
    """A skipped step has nothing to show."""
    assert Timeline(0.0, 1.0).bar(step("a"), ready_at=0.0) == ""


def test_the_timeline_ends_now_where_a_step_still_runs():
    """Without an end of a step, the present counts; without any step there is no timeline."""
    assert timeline_of([step("a", (1.0, 2.0)), step("b", (2.0, None))], lambda: 7.0) == Timeline(1.0, 7.0)
    assert timeline_of([step("a")], lambda: 7.0) is None


def test_a_step_is_ready_when_what_it_needs_is_over():
    """Items of a mapped op wait for their own item, what collects them for all; an unknown plan makes nothing wait."""
    plan = ExecutionPlanSnapshot(
        "",
        (
            StepSnapshot("list", "list"),
            StepSnapshot("size[?]", "size", ("list",)),
            StepSnapshot("twice[?]", "twice", ("size[?]",)),
            StepSnapshot("total", "total", ("twice[?]",)),
        ),
    )
    steps = [
        step("list", (0.0, 1.0)),
        step("size[a]", (1.0, 3.0)),
        step("size[b]", (1.0, 2.0)),
        step("twice[a]", (3.0, 6.0)),
        step("twice[b]", (3.0, 5.0)),
        step("total", (7.0, 8.0)),
    ]
    assert ready_times(steps, plan, 0.0) == [0.0, 1.0, 1.0, 3.0, 2.0, 6.0]
    assert ready_times(steps, None, 0.0) == [0.0] * 6


def test_a_run_is_shown_with_its_retries(runrack, tmp_path):
    """The counts, and for each step its attempts with their times."""
    file = tmp_path / "fetching.py"
    file.write_text(JOBS)
    assert runrack("run", str(file)).exit_code == 1
    shown = json.loads(runrack("runs", "show", "last", "--json").stdout)
    counts = {name: shown["stats"][name] for name in list(shown["stats"])[:4]}
    assert counts == {"steps_succeeded": 1, "steps_failed": 1, "steps_skipped": 1, "retries": 1}
    assert [(each["step_key"], len(each["attempt_times"])) for each in shown["steps"]] == [
        ("fetch", 2),
        ("after", 1),
        ("never", 0),
    ]
    text = runrack("runs", "show", "last").stdout
    assert "\nsteps     3: 1 succeeded, 1 failed, 1 skipped, 1 retried\n" in text
    assert "▒" in next(line for line in text.splitlines() if line.startswith("fetch"))
