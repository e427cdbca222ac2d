"""Runs through the instance: creation, tags, statuses, deletion."""

import pytest

from runrack.errors import InvalidArgumentError, RunAlreadyExistsError, RunConflictError
from runrack.records import tags as tag_names
from runrack.records.event import Event
from runrack.records.event_data import RunFailureData
from runrack.records.event_type import EventType
from runrack.records.run import RemoteJobOrigin, Run, RunFailureReason
from runrack.records.run_status import RunStatus
from runrack.records.snapshot import ExecutionPlanSnapshot, JobSnapshot, snapshot_id


def test_created_run_is_stored_as_returned(ephemeral):
    """create_run returns the run that is found afterwards, with a new UUID."""
    run = ephemeral.create_run(job_name="job", run_config={"ops": {}}, tags={"team": "a"})
    assert ephemeral.get_run_by_id(run.run_id) == run
    assert (run.status, run.run_config, run.tags) == (RunStatus.NOT_STARTED, {"ops": {}}, {"team": "a"})


def test_run_id_must_be_a_uuid(ephemeral):
    """An id that is no UUID never becomes part of a path or a row."""
    with pytest.raises(InvalidArgumentError, match="UUID"):
        ephemeral.create_run(job_name="job", run_id="../../evil")


def test_given_run_id_is_kept_and_unique(ephemeral):
    """A second run with the same id is refused."""
    run = ephemeral.create_run(job_name="job", run_id="6d1d4024-ce89-44b2-b685-d1312e9b1af7")
    with pytest.raises(RunAlreadyExistsError) as caught:
        ephemeral.create_run(job_name="job", run_id=run.run_id)
    assert caught.value.run_id == run.run_id


def test_tag_values_become_text(ephemeral):
    """Values that JSON can hold are stored as their JSON text, others are refused."""
    assert ephemeral.create_run(job_name="job", tags={"n": 3, "l": [1]}).tags == {"n": "3", "l": "[1]"}
    for bad in ({"n": object()}, {"n": {1: 2}}, {"n": float("nan")}, {3: "x"}, {"": "x"}):
        with pytest.raises(InvalidArgumentError):
            ephemeral.create_run(job_name="job", tags=bad)


def test_snapshots_are_stored_with_the_run(ephemeral):
    """A run refers to its snapshots by content address."""
    job = JobSnapshot("job")
    plan = ExecutionPlanSnapshot(snapshot_id(job))
    run = ephemeral.create_run(job_name="job", job_snapshot=job, execution_plan_snapshot=plan)
    assert ephemeral.run_storage.get_snapshot(run.job_snapshot_id) == job
    assert ephemeral.run_storage.get_snapshot(run.execution_plan_snapshot_id) == plan
    with pytest.raises(InvalidArgumentError, match="job_snapshot"):
        ephemeral.create_run(job_name="job", execution_plan_snapshot=plan)


def test_assets_and_ops_are_not_selected_at_once(ephemeral):
    """A run executes a selection of assets or of ops."""
    with pytest.raises(InvalidArgumentError, match="not both"):
        ephemeral.create_run(job_name="job", asset_selection=[], op_selection=["a"])


def test_root_and_parent_come_together(ephemeral):
    """A retry names its root and its parent."""
    with pytest.raises(InvalidArgumentError, match="together"):
        ephemeral.create_run(job_name="job", root_run_id="6d1d4024-ce89-44b2-b685-d1312e9b1af7")


def test_remote_origin_becomes_a_tag(ephemeral):
    """A run of a code location can be found by the location's name."""
    run = ephemeral.create_run(job_name="job", remote_job_origin=RemoteJobOrigin("loc", "job"))
    assert run.tags[tag_names.CODE_LOCATION] == "loc"


def test_managed_run_is_registered_once(ephemeral):
    """Registering an equal run again returns it, a different one is a conflict."""
    run = Run(job_name="job", tags={"a": "b"})
    stored = ephemeral.register_managed_run(run)
    assert stored.status is RunStatus.MANAGED
    assert ephemeral.register_managed_run(run) == stored
    with pytest.raises(RunConflictError):
        ephemeral.register_managed_run(Run(job_name="other", run_id=run.run_id))


def test_run_status_follows_reported_events(ephemeral):
    """RUN_START, then RUN_SUCCESS: the status, the start and the end time follow."""
    run = ephemeral.create_run(job_name="job")
    ephemeral.report_event(Event(EventType.RUN_START, "job"), run.run_id, timestamp=10.0)
    ephemeral.report_event(Event(EventType.RUN_SUCCESS, "job"), run.run_id, timestamp=20.0)
    record = ephemeral.get_run_record_by_id(run.run_id)
    assert (record.run.status, record.start_time, record.end_time) == (RunStatus.SUCCESS, 10.0, 20.0)


def test_terminal_status_stays(ephemeral):
    """An event that comes after the end is in the log as late and changes nothing."""
    run = ephemeral.create_run(job_name="job")
    ephemeral.report_run_canceled(run)
    ephemeral.report_event(Event(EventType.RUN_START, "job"), run.run_id)
    assert ephemeral.get_run_by_id(run.run_id).status is RunStatus.CANCELED
    late = [record.late for record in ephemeral.get_records_for_run(run.run_id).records]
    assert late == [False, True]


def test_failure_reason_becomes_a_tag(ephemeral):
    """A reported failure with a reason can be found by it."""
    run = ephemeral.create_run(job_name="job")
    data = RunFailureData(RunFailureReason.STEP_FAILURE)
    event = ephemeral.report_run_failed(run, job_failure_data=data)
    stored = ephemeral.get_run_by_id(run.run_id)
    assert stored.status is RunStatus.FAILURE
    assert stored.tags[tag_names.FAILURE_REASON] == "STEP_FAILURE"
    assert event.event_type is EventType.RUN_FAILURE


def test_canceling_then_canceled(ephemeral):
    """Cancellation is reported in two steps, each with a status and a level."""
    run = ephemeral.create_run(job_name="job")
    ephemeral.report_run_canceling(run)
    assert ephemeral.get_run_by_id(run.run_id).status is RunStatus.CANCELING
    ephemeral.report_run_canceled(run, "stopped by a person")
    entries = ephemeral.all_logs(run.run_id)
    assert [(entry.level, entry.message) for entry in entries] == [
        (20, "The run is being canceled."),
        (40, "stopped by a person"),
    ]


def test_deleted_run_is_gone_with_its_log(ephemeral):
    """delete_run removes run, tags and log; an unknown run is no error."""
    run = ephemeral.create_run(job_name="job", tags={"a": "b"})
    ephemeral.report_event(Event(EventType.RUN_START, "job"), run.run_id)
    ephemeral.delete_run(run.run_id)
    ephemeral.delete_run(run.run_id)
    assert ephemeral.get_run_by_id(run.run_id) is None
    assert ephemeral.all_logs(run.run_id) == []
    assert ephemeral.get_run_tag_keys() == []


def test_wipe_removes_runs_and_events(ephemeral):
    """After a wipe there are no runs, events or assets."""
    run = ephemeral.create_run(job_name="job")
    ephemeral.report_event(Event(EventType.RUN_START, "job"), run.run_id)
    ephemeral.wipe()
    assert (ephemeral.get_runs_count(), ephemeral.all_logs(run.run_id)) == (0, [])
