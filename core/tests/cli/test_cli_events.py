"""`events`: a run's log, as it is and as it grows."""

import json

import pytest

from runrack.cli.runs.events import follow_records
from runrack.records.event_type import EventType
from runrack.testing.builders import ERROR, make_entry

RUN = "aaaa1111-0000-4000-8000-000000000000"


def test_events_are_lines_in_order(runrack, add_run, instance):
    """Each entry is a line with time, level, step, type and message; further lines of a message are indented."""
    add_run(RUN, EventType.RUN_START)
    instance.handle_new_event(make_entry("one\nERROR two\x1b", RUN, step_key="s\n1", level=40))
    lines = runrack("events", RUN).stdout.splitlines()
    assert [line[9:] for line in lines[:2]] == ["INFO    - RUN_START", "ERROR   s\\n1 one"]
    assert lines[2] == "    ERROR two\\x1b"


def test_types_and_limit_select(runrack, add_run):
    """`--type` may be repeated, `--limit` counts from the beginning."""
    add_run(RUN, EventType.RUN_START, EventType.STEP_START, EventType.STEP_START, EventType.RUN_SUCCESS)
    result = runrack("events", RUN, "--json", "--type", "run_start", "--type", "STEP_START", "--limit", "2")
    assert [json.loads(line)["type"] for line in result.stdout.splitlines()] == ["RUN_START", "STEP_START"]


def test_the_fields_of_an_event_for_programs(runrack, add_run, instance):
    """The JSON of an entry has the fields that docs/cli.md lists."""
    add_run(RUN)
    instance.handle_new_event(make_entry("\u202ehm", RUN, error_info=ERROR))
    result = runrack("events", RUN, "--json")
    assert result.stdout.isascii()
    assert json.loads(result.stdout) == {
        "storage_id": 1,
        "run_id": RUN,
        "timestamp": "2023-11-14T22:13:20.000000Z",
        "level": "INFO",
        "type": None,
        "job_name": "job",
        "step_key": None,
        "message": "\u202ehm",
        "data": None,
        "error": {
            "message": "ValueError: no\n",
            "stack": ['  File "x.py", line 1\n'],
            "cls_name": "ValueError",
        },
        "late": False,
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [([], "This run has no events yet.\n"), (["--type", "RUN_START"], "No event is of that type.\n")],
)
def test_no_events_are_said_to_be_none(runrack, add_run, options, said):
    """An empty log is an answer, not silence."""
    add_run(RUN)
    assert runrack("events", RUN, *options).stdout == said


def test_following_ends_with_the_run(add_run, instance):
    """What is stored while the log is followed is shown, up to the event that ends the run."""
    add_run(RUN, EventType.RUN_START)
    coming = [EventType.STEP_START, EventType.RUN_SUCCESS]

    def wait(_seconds):
        instance.handle_new_event(make_entry(coming.pop(0), RUN))

    followed = [record.event_type for record in follow_records(instance, RUN, wait=wait)]
    assert followed == [EventType.RUN_START, EventType.STEP_START, EventType.RUN_SUCCESS]


def test_following_a_finished_run_ends_at_once(runrack, add_run):
    """`--follow` shows what there is of a run that is over."""
    add_run(RUN, EventType.RUN_START, EventType.RUN_SUCCESS)
    assert len(runrack("events", RUN, "--follow").stdout.splitlines()) == 2


def test_a_long_log_is_read_page_by_page(runrack, add_run, instance):
    """A log that is longer than a page is shown whole, each entry once."""
    add_run(RUN)
    instance.handle_new_events([make_entry(f"m{number}", RUN) for number in range(1203)])
    shown = [json.loads(line)["message"] for line in runrack("events", RUN, "--json").stdout.splitlines()]
    assert shown == [f"m{number}" for number in range(1203)]
