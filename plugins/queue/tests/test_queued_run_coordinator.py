"""The coordinator that keeps runs in a queue: submit, cancel, configuration."""

import logging

import pytest

from runrack.config import evaluate_or_raise
from runrack.errors import ConfigError, RunNotFoundError
from runrack.interfaces.daemon_loop import SupportsDaemonLoops
from runrack.interfaces.run_coordinator import SubmitRunContext, SupportsQueue
from runrack.records.event_type import EventType
from runrack.records.run import Run
from runrack.records.run_queue import QueueLimits, TagLimit
from runrack.records.run_status import RunStatus
from runrack.testing.launching import RecordingLauncher, new_run, submit
from runrack_queue import QueuedRunCoordinator


@pytest.fixture
def launcher():
    return RecordingLauncher()


@pytest.fixture
def instance(open_instance, launcher):
    return open_instance(launcher)


def configured(**config):
    """Return the coordinator that a configuration builds."""
    value = evaluate_or_raise(QueuedRunCoordinator.config_type(), config)
    return QueuedRunCoordinator.from_config_value(None, value)


def limits_of(**config):
    coordinator = configured(**config)
    return QueueLimits(coordinator._max_runs, coordinator._tag_limits)


def test_a_submitted_run_waits(instance, launcher):
    """Submitting makes a run QUEUED, says where its code lies, and launches nothing."""
    run_id = new_run(instance, tags={"runrack/partition": "p"})
    assert instance.submit_run(run_id).status is RunStatus.QUEUED
    (entry,) = instance.all_logs(run_id, EventType.RUN_ENQUEUED)
    data = entry.get_event().event_specific_data
    assert (data.code_location_name, data.partition_key) == ("here", "p")
    assert launcher.launched == []


def test_a_second_submit_does_nothing(instance, caplog):
    """A run that was submitted before is left alone, with a warning."""
    (run_id,) = submit(instance, "job")
    with caplog.at_level(logging.WARNING, "runrack.queue"):
        assert instance.submit_run(run_id).status is RunStatus.QUEUED
    assert f"run {run_id} is QUEUED" in caplog.text
    assert len(instance.all_logs(run_id, EventType.RUN_ENQUEUED)) == 1


def test_an_unknown_run_cannot_be_submitted(instance):
    """The coordinator refuses a run that is not stored."""
    with pytest.raises(RunNotFoundError):
        instance.run_coordinator.submit_run(SubmitRunContext(Run(job_name="job")))


def test_a_queued_run_is_canceled_without_the_launcher(instance, launcher):
    """Canceling a queued run ends it at once, as CANCELED, and frees nobody's claim."""
    (run_id,) = submit(instance, "job")
    assert instance.cancel_run(run_id) is True
    assert [entry.event_type for entry in instance.all_logs(run_id)] == [
        EventType.RUN_ENQUEUED,
        EventType.RUN_CANCELING,
        EventType.RUN_CANCELED,
    ]
    record = instance.get_run_record_by_id(run_id)
    assert (record.run.status, record.owner) == (RunStatus.CANCELED, None)
    assert launcher.terminated == []


def test_a_run_that_a_daemon_is_about_to_launch_is_canceled_too(instance, launcher):
    """A queued run that is claimed ends as well, and the daemon that claimed it can no longer start it."""
    (run_id,) = submit(instance, "job")
    (claim,) = instance.run_storage.claim("daemon", 60)
    assert instance.cancel_run(run_id) is True
    assert instance.get_run_by_id(run_id).status is RunStatus.CANCELED
    assert instance.begin_launches([claim]) == []
    assert launcher.launched == []


def test_a_run_under_way_is_canceled_by_the_launcher(instance, launcher):
    """Once a run is not queued any more, canceling asks the launcher to terminate it."""
    (run_id,) = submit(instance, "job")
    instance.launch_run(run_id)
    assert instance.cancel_run(run_id) is True
    assert launcher.terminated == [run_id]


def test_an_unknown_run_is_not_canceled(instance, launcher):
    """cancel_run is False for an unknown run, and nobody is asked."""
    assert instance.cancel_run("unknown") is False
    assert launcher.terminated == []


def test_a_run_goes_back_to_the_queue(instance):
    """A run that no worker took up becomes QUEUED again, unless the caller's epoch is an old one."""
    (run_id,) = submit(instance, "job")
    (claim,) = instance.run_storage.claim("daemon", 60)
    ((run, _),) = instance.begin_launches([claim])
    coordinator = instance.run_coordinator
    assert coordinator.requeue_run(run, "late", claim.epoch - 1) is False
    assert coordinator.requeue_run(run, "Its daemon died.", claim.epoch) is True
    assert instance.get_run_by_id(run_id).status is RunStatus.QUEUED
    assert instance.all_logs(run_id, EventType.RUN_ENQUEUED)[-1].message == "Its daemon died."


def test_what_is_configured_by_default():
    """Ten runs at once, no tag limits, a look every five seconds, one launch at a time."""
    coordinator = configured()
    (loop,) = coordinator.daemon_loops()
    assert (loop.name, loop.interval_seconds, loop._workers) == ("dequeue", 5, 1)
    assert limits_of() == QueueLimits(10)
    assert limits_of(tag_concurrency_limits=None) == QueueLimits(10)
    assert isinstance(coordinator, SupportsDaemonLoops)
    assert isinstance(coordinator, SupportsQueue)


@pytest.mark.parametrize(("number", "expected"), [(-1, None), (0, 0), (1, 1), (25, 25)])
def test_the_number_of_runs(number, expected):
    """-1 means any number of runs, 0 none."""
    assert limits_of(max_concurrent_runs=number) == QueueLimits(expected)


def test_the_three_forms_of_a_tag_limit():
    """A limit is for a key, for a value, or for each value; of two for the same, the later one counts."""
    given = [
        {"key": "a", "limit": 1},
        {"key": "a", "value": "x", "limit": 2},
        {"key": "a", "value": {"applyLimitPerUniqueValue": True}, "limit": 3},
        {"key": "b", "value": {"applyLimitPerUniqueValue": False}, "limit": 4},
        {"key": "a", "value": "x", "limit": 5},
    ]
    assert limits_of(tag_concurrency_limits=given).tag_limits == (
        TagLimit("a", 1),
        TagLimit("a", 5, "x"),
        TagLimit("a", 3, is_per_value=True),
        TagLimit("b", 4),
    )


def test_threads_launch_when_they_are_asked_for():
    """`dequeue_use_threads` launches 8 runs at a time, or as many as `dequeue_num_workers` says."""
    loops = [
        configured(**config).daemon_loops()[0]
        for config in (
            {"dequeue_use_threads": True},
            {"dequeue_use_threads": True, "dequeue_num_workers": 3},
            {"dequeue_num_workers": 3},
        )
    ]
    assert [loop._workers for loop in loops] == [8, 3, 1]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"max_concurrent_runs": -2}, "max_concurrent_runs: .* at least -1"),
        (
            {"tag_concurrency_limits": [{"key": "a", "limit": -1}]},
            r"tag_concurrency_limits\[0\].limit: .* at least 0",
        ),
        ({"dequeue_interval_seconds": -1}, "dequeue_interval_seconds: .* at least 0"),
        ({"dequeue_use_threads": True, "dequeue_num_workers": 0}, "dequeue_num_workers: .* at least 1"),
        ({"max_user_code_failure_retries": -1}, "max_user_code_failure_retries: .* at least 0"),
        ({"user_code_failure_retry_delay": -1}, "user_code_failure_retry_delay: .* at least 0"),
        (
            {"block_op_concurrency_limited_runs": {"enabled": False, "op_concurrency_slot_buffer": 1}},
            "op_concurrency_slot_buffer means nothing",
        ),
        (
            {"block_op_concurrency_limited_runs": {"op_concurrency_slot_buffer": -1}},
            "op_concurrency_slot_buffer: .* at least 0",
        ),
        ({"tag_concurrency_limits": [{"key": "a"}]}, "limit"),
        ({"tag_concurrency_limits": [{"key": "a", "limit": 1, "other": 1}]}, "other"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_wrong_configuration_is_refused(config, message):
    """A value that is out of range, missing or unknown is an error that names it."""
    with pytest.raises(ConfigError, match=message):
        configured(**config)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_concurrent_runs": -2}, "max_concurrent_runs is -1"),
        (
            {"tag_concurrency_limits": [{"key": "a", "limit": -1}]},
            "tag_concurrency_limits: the limit of runs",
        ),
        ({"dequeue_interval_seconds": -1}, "dequeue_interval_seconds is 0 or more"),
        ({"dequeue_use_threads": True, "dequeue_num_workers": 0}, "dequeue_num_workers is 1 or more"),
        ({"max_user_code_failure_retries": -1}, "max_user_code_failure_retries is 0 or more"),
        ({"user_code_failure_retry_delay": -1}, "user_code_failure_retry_delay is 0 or more"),
        (
            {"block_op_concurrency_limited_runs": {"op_concurrency_slot_buffer": -1}},
            "op_concurrency_slot_buffer is 0 or more",
        ),
    ],
)
def test_an_argument_out_of_range_is_refused(arguments, message):
    """Who makes a coordinator in code is held to the same ranges as a file."""
    with pytest.raises(ConfigError, match=message):
        QueuedRunCoordinator(**arguments)
