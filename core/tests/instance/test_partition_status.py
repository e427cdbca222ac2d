"""The status of partitions, over the memory and the SQLite storage."""

import pytest

from runrack.definitions.multi_partitions import MultiPartitionKey, MultiPartitionsDefinition
from runrack.definitions.partitions import DynamicPartitionsDefinition, StaticPartitionsDefinition
from runrack.errors import InvalidArgumentError
from runrack.instance.instance import Instance
from runrack.records.asset import AssetPartitionStatus
from runrack.records.asset_key import AssetKey
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus
from runrack.testing.builders import make_materialization, make_observation, make_plan, make_run

ASSET = AssetKey("asset")
LETTERS = StaticPartitionsDefinition(["a", "b", "c"])
MATERIALIZED, IN_PROGRESS, FAILED = (
    AssetPartitionStatus.MATERIALIZED,
    AssetPartitionStatus.IN_PROGRESS,
    AssetPartitionStatus.FAILED,
)


@pytest.fixture(params=["memory", "sqlite"])
def instance(request, tmp_path):
    opened = Instance.ephemeral() if request.param == "memory" else Instance.local_temp(tmp_path)
    with opened as instance:
        yield instance


def plan(instance, status=RunStatus.STARTED, partition="a"):
    """Let a run in this status have planned the partition; return its id."""
    run = instance.add_run(make_run(status=status))
    instance.handle_new_event(make_plan("asset", partition, run.run_id))
    return run.run_id


def write(instance, partition="a", run_id="elsewhere"):
    instance.handle_new_event(make_materialization("asset", partition, run_id))


def status(instance, partition="a"):
    return instance.get_status_by_partition(ASSET, [partition], LETTERS)[partition]


def test_an_asset_that_nobody_wrote_or_planned_has_no_status(instance):
    """The whole answer is None for an unknown, an only observed, and a wiped asset."""
    assert instance.get_status_by_partition(ASSET, ["a"], LETTERS) is None
    instance.handle_new_event(make_observation("asset", "a"))
    assert instance.get_status_by_partition(ASSET, ["a"], LETTERS) is None
    write(instance)
    assert instance.get_status_by_partition(ASSET, ["a"], LETTERS) == {"a": MATERIALIZED}
    instance.wipe_assets([ASSET])
    assert instance.get_status_by_partition(ASSET, ["a"], LETTERS) is None


def test_every_partition_asked_for_is_answered(instance):
    """Partitions that were never written, and keys that are none of the definition, are None."""
    write(instance)
    write(instance, "stranger")
    found = instance.get_status_by_partition(ASSET, ["b", "a", "stranger"], LETTERS)
    assert found == {"b": None, "a": MATERIALIZED, "stranger": None}
    assert instance.get_status_by_partition(ASSET, ["stranger"], LETTERS) == {"stranger": None}
    assert instance.get_status_by_partition(ASSET, [], LETTERS) == {}


@pytest.mark.parametrize(
    ("run_status", "expected"),
    [
        (RunStatus.NOT_STARTED, IN_PROGRESS),
        (RunStatus.QUEUED, IN_PROGRESS),
        (RunStatus.STARTED, IN_PROGRESS),
        (RunStatus.CANCELING, IN_PROGRESS),
        (RunStatus.FAILURE, FAILED),
        (RunStatus.CANCELED, None),
        (RunStatus.SUCCESS, None),
    ],
)
def test_the_run_of_the_plan_decides(instance, run_status, expected):
    """A plan whose run is not finished is in progress, one whose run failed has failed; others say nothing."""
    plan(instance, run_status)
    assert status(instance) == expected


def test_a_plan_counts_until_the_partition_is_written(instance):
    """Writing clears FAILED; a new plan over a written partition shows, in progress and failed."""
    plan(instance, RunStatus.FAILURE)
    assert status(instance) == FAILED
    write(instance)
    assert status(instance) == MATERIALIZED
    plan(instance, RunStatus.FAILURE)
    assert status(instance) == FAILED
    plan(instance, RunStatus.STARTED)
    assert status(instance) == IN_PROGRESS


def test_the_status_follows_the_run(instance):
    """A partition in progress has failed as soon as its run has."""
    run = instance.get_run_by_id(plan(instance))
    assert status(instance) == IN_PROGRESS
    instance.report_run_failed(run)
    assert status(instance) == FAILED


def test_a_canceled_run_does_not_clear_a_failure(instance):
    """After cancellations, what was planned before them counts; before a materialization nothing counts."""
    plan(instance, RunStatus.FAILURE, "b")
    write(instance, "b")
    for partition in ("a", "b"):
        plan(instance, RunStatus.FAILURE if partition == "a" else RunStatus.CANCELED, partition)
        plan(instance, RunStatus.CANCELED, partition)
        plan(instance, RunStatus.CANCELED, partition)
    found = instance.get_status_by_partition(ASSET, ["a", "b"], LETTERS)
    assert found == {"a": FAILED, "b": MATERIALIZED}


def test_a_failure_shows_behind_any_number_of_canceled_runs(instance):
    """However many runs were canceled after it, by an event or from the beginning, the failure is seen."""
    plan(instance, RunStatus.FAILURE)
    for _ in range(30):
        plan(instance, RunStatus.CANCELED)
        instance.report_run_canceled(instance.get_run_by_id(plan(instance)))
    assert status(instance) == FAILED
    assert len(instance.event_log_storage.get_pending_plans(ASSET)) == 31


def test_runs_that_ended_leave_one_plan(instance):
    """However often a partition was planned and not written, the newest end counts, and one plan is kept."""
    for _ in range(30):
        instance.report_run_failed(instance.get_run_by_id(plan(instance)))
    assert status(instance) == FAILED
    assert len(instance.event_log_storage.get_pending_plans(ASSET)) == 1


def test_a_deleted_run_counts_for_nothing(instance):
    """The plan of a deleted run, or of one that was never stored, neither fails nor is in progress."""
    instance.delete_run(plan(instance))
    instance.handle_new_event(make_plan("asset", "b", "unknown"))
    write(instance, "c")
    found = instance.get_status_by_partition(ASSET, ["a", "b", "c"], LETTERS)
    assert found == {"a": None, "b": None, "c": MATERIALIZED}


def test_more_partitions_than_one_query_takes(instance):
    """Runs and plans are read in portions, and none is lost."""
    keys = [f"key{number}" for number in range(1_203)]
    run = instance.create_run(job_name="job", status=RunStatus.FAILURE)
    instance.handle_new_events([make_plan("asset", key, run.run_id) for key in keys])
    found = instance.get_status_by_partition(ASSET, keys, StaticPartitionsDefinition(keys))
    assert found == dict.fromkeys(keys, FAILED)


def test_dynamic_partitions_are_those_of_the_instance(instance):
    """A dynamic key counts while the instance has it."""
    write(instance)
    dynamic = DynamicPartitionsDefinition("letters")
    assert instance.get_status_by_partition(ASSET, ["a"], dynamic) == {"a": None}
    instance.add_dynamic_partitions("letters", ["a"])
    assert instance.get_status_by_partition(ASSET, ["a"], dynamic) == {"a": MATERIALIZED}


def test_multi_partition_keys_are_stored_as_text(instance):
    """An asset written under a multi partition key is found under it and under its text."""
    both = MultiPartitionsDefinition({"one": LETTERS, "two": LETTERS})
    write(instance, MultiPartitionKey({"two": "b", "one": "a"}))
    assert instance.get_status_by_partition(ASSET, ["a|b", "b|a"], both) == {"a|b": MATERIALIZED, "b|a": None}


def test_one_string_is_no_list_of_partitions(instance):
    """A single string would be taken apart into letters."""
    with pytest.raises(InvalidArgumentError, match="not one string"):
        instance.get_status_by_partition(ASSET, "abc", LETTERS)


def test_the_catalog_of_partitions_can_be_asked(instance):
    """The instance gives what its catalog knows: written partitions and their newest storage ids."""
    write(instance, "a")
    write(instance, "b")
    newest = instance.get_latest_storage_id_by_partition(ASSET, EventType.ASSET_MATERIALIZATION)
    assert set(newest) == {"a", "b"}
    assert instance.get_materialized_partitions(ASSET) == {"a", "b"}
    assert instance.get_materialized_partitions(ASSET, after_cursor=newest["a"]) == {"b"}
    assert instance.get_materialized_partitions(ASSET, before_cursor=newest["b"]) == {"a"}
