"""Runs, their statuses, and the filter that selects them."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from runrack.errors import InvalidArgumentError
from runrack.records import tags as tag_names
from runrack.records.event_type import RUN_STATUS_CHANGE_TYPES, STATUS_AFTER, EventType
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin, Run
from runrack.records.run_status import (
    ACTIVE,
    ALLOWED_BEFORE,
    CANCELABLE,
    FINISHED,
    NOT_FINISHED,
    TRANSITIONS,
    RunStatus,
)
from runrack.records.runs_filter import RunsFilter
from runrack.testing.builders import make_run

S = RunStatus


def holds_for(name):
    """The statuses for which a property of a run is true."""
    return {status for status in RunStatus if getattr(make_run(status=status), name)}


def test_a_run_has_sensible_defaults():
    """A run that is given only its job has a new UUID, no configuration, no tags, and has not started."""
    run = Run(job_name="job")
    assert UUID(run.run_id).version == 4
    assert (run.run_config, run.tags, run.status) == ({}, {}, S.NOT_STARTED)
    assert run.run_id != Run(job_name="job").run_id


def test_a_run_never_changes():
    """A run is immutable; two with equal fields are equal."""
    run = make_run("a")
    with pytest.raises(AttributeError):
        run.status = S.STARTED
    assert run == make_run("a") != make_run("b")


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("is_finished", {S.SUCCESS, S.FAILURE, S.CANCELED}),
        ("is_success", {S.SUCCESS}),
        ("is_failure", {S.FAILURE}),
        ("is_failure_or_canceled", {S.FAILURE, S.CANCELED}),
        ("is_cancelable", {S.STARTED, S.QUEUED}),
    ],
)
def test_properties_follow_the_status(name, statuses):
    """Each property is true exactly for its statuses."""
    assert holds_for(name) == statuses


def test_a_resume_is_told_by_its_tag():
    """A run takes up another exactly when its tag says "true"."""
    assert make_run(tags={tag_names.IS_RESUME_RETRY: "true"}).is_resume_retry
    assert not make_run(tags={tag_names.IS_RESUME_RETRY: "false"}).is_resume_retry
    assert not make_run().is_resume_retry


def test_copies_differ_in_one_field():
    """`with_status` and `with_tags` give a copy; tags are replaced as a whole."""
    run = make_run("a", tags={"x": "1"})
    assert run.with_status(S.STARTED) == make_run("a", tags={"x": "1"}, status=S.STARTED)
    assert run.with_tags({"y": "2"}) == make_run("a", tags={"y": "2"})
    assert run == make_run("a", tags={"x": "1"})


@pytest.mark.parametrize(
    "fields",
    [
        {"run_id": ""},
        {"run_id": 1},
        {"job_name": None},
        {"root_run_id": "a"},
        {"parent_run_id": "a"},
        {"status": S.QUEUED, "remote_job_origin": None},
        {"tags": {"a": 1}},
        {"tags": {1: "a"}},
    ],
)
def test_a_run_that_makes_no_sense_is_refused(fields):
    """Ids are strings, root and parent go together, a queued run has an origin, tags are strings."""
    with pytest.raises(InvalidArgumentError):
        make_run(**fields)


def test_a_run_without_origin_cannot_be_queued():
    """`with_status` checks what the constructor checks."""
    with pytest.raises(InvalidArgumentError, match="remote_job_origin"):
        Run(job_name="job").with_status(S.QUEUED)


@pytest.mark.parametrize("places", [{}, {"file": "a.py", "module": "a"}])
def test_code_lies_in_a_file_or_a_module(places):
    """A code origin names exactly one of the two."""
    with pytest.raises(InvalidArgumentError, match="either"):
        JobCodeOrigin("job", "job", **places)


def test_the_values_of_statuses_are_their_names():
    """The value of a status equals its name."""
    assert all(status.value == status.name for status in RunStatus)


def test_statuses_are_grouped():
    """A status is active, finished, waiting, or managed from outside."""
    assert {S.STARTING, S.STARTED, S.CANCELING} == ACTIVE
    assert ACTIVE | {S.QUEUED, S.NOT_STARTED} == NOT_FINISHED
    assert set(RunStatus) == NOT_FINISHED | FINISHED | {S.MANAGED}
    assert {S.STARTED, S.QUEUED} == CANCELABLE


def test_the_table_of_transitions_is_whole():
    """Every status has its row; the inverse table says the same; terminal is terminal."""
    assert set(TRANSITIONS) == set(ALLOWED_BEFORE) == set(RunStatus)
    for before in RunStatus:
        for after in RunStatus:
            assert (after in TRANSITIONS[before]) == (before in ALLOWED_BEFORE[after])
    assert {status for status in RunStatus if not TRANSITIONS[status]} == FINISHED


def test_no_transition_leads_to_itself_or_back_to_the_beginning():
    """A status never follows itself, nothing leads back to NOT_STARTED, and no run becomes MANAGED."""
    assert not any(status in TRANSITIONS[status] for status in RunStatus)
    assert ALLOWED_BEFORE[S.NOT_STARTED] == ALLOWED_BEFORE[S.MANAGED] == frozenset()


def test_every_unfinished_run_can_end():
    """Each status that is not terminal can go to FAILURE and CANCELED: nothing is stuck."""
    for status in set(RunStatus) - FINISHED:
        assert {S.FAILURE, S.CANCELED} <= TRANSITIONS[status]


def test_events_imply_statuses():
    """Each status event implies one status; a dequeued run stays queued until it is launched."""
    assert set(STATUS_AFTER) == RUN_STATUS_CHANGE_TYPES
    assert set(STATUS_AFTER.values()) == set(RunStatus) - {S.NOT_STARTED, S.MANAGED}
    assert EventType.RUN_DEQUEUED not in STATUS_AFTER


def test_a_filter_takes_times_as_utc():
    """A bound without a time zone is UTC; any other is converted, never cut off."""
    local = datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    filters = RunsFilter(created_after=local, updated_before=datetime(2024, 1, 1, 12))  # noqa: DTZ001
    assert filters.created_after == datetime(2024, 1, 1, 7, tzinfo=UTC)
    assert filters.created_after.tzinfo is UTC
    assert filters.updated_before == datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("run_ids", [[], (), "abc"])
def test_a_filter_needs_ids(run_ids):
    """`run_ids` is a list with at least one id; one string is not a list of letters."""
    with pytest.raises(InvalidArgumentError, match="run_ids"):
        RunsFilter(run_ids=run_ids)


def test_a_filter_without_fields_permits_everything():
    """None and empty mean: no condition; a status may be given by its name."""
    assert RunsFilter(statuses=None, tags=None) == RunsFilter()
    assert RunsFilter(statuses=["SUCCESS"]).statuses == (S.SUCCESS,)


def test_runs_are_selected_by_who_asked_for_them():
    """A filter selects the runs of a schedule, a sensor or a backfill by the tag that they carry."""
    assert RunsFilter.for_schedule("hourly").tags == {"runrack/schedule_name": "hourly"}
    assert RunsFilter.for_sensor("files").tags == {"runrack/sensor_name": "files"}
    assert RunsFilter.for_backfill("b1").tags == {"runrack/backfill": "b1"}


def test_an_origin_has_no_secrets():
    """A remote origin is two names."""
    assert RemoteJobOrigin("location", "job") == RemoteJobOrigin(location_name="location", job_name="job")
