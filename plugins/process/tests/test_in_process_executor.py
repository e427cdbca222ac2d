"""The in_process executor and launcher, on an instance that keeps everything in memory."""

from collections.abc import Iterator

import pytest

from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.reconstructable import reconstructable
from runrack.definitions.resource import resource
from runrack.engine import execute_job, prepare_job
from runrack.errors import ConfigError
from runrack.instance.instance import Instance
from runrack.interfaces.executor import RetryMode
from runrack.records.run import RemoteJobOrigin
from runrack.records.run_status import RunStatus


@resource
def connection():
    yield "connected"


@op(required_resource_keys={"connection"})
def work(context):
    return context.resources.connection


@op
def break_down():
    raise ValueError("out of paper")


@op
def print_it(paper):
    return paper


@job(resource_defs={"connection": connection})
def good_job():
    work()


@job
def bad_job():
    print_it(break_down())


@pytest.fixture
def instance() -> Iterator[Instance]:
    with Instance.ephemeral() as opened:
        yield opened


def event_types(instance, run_id):
    return [
        (entry.event.event_type.value, entry.step_key)
        for entry in instance.all_logs(run_id)
        if entry.event is not None
    ]


def test_events_of_a_run_that_succeeds(instance):
    """A run of one op leaves its events in this order, and ends in SUCCESS."""
    result = execute_job(good_job, instance)
    assert event_types(instance, result.run_id) == [
        ("RUN_START", None),
        ("RESOURCE_INIT_STARTED", None),
        ("RESOURCE_INIT_SUCCESS", None),
        ("LOGS_CAPTURED", "work"),
        ("STEP_START", "work"),
        ("STEP_OUTPUT", "work"),
        ("HANDLED_OUTPUT", "work"),
        ("STEP_SUCCESS", "work"),
        ("RUN_SUCCESS", None),
    ]
    assert result.success
    assert result.run.status is RunStatus.SUCCESS


def test_events_of_a_run_that_fails(instance):
    """A failed step is followed by the skip of what needs it and by RUN_FAILURE, and the run has its reason as a tag."""
    result = execute_job(bad_job, instance)
    assert event_types(instance, result.run_id) == [
        ("RUN_START", None),
        ("LOGS_CAPTURED", "break_down"),
        ("STEP_START", "break_down"),
        ("STEP_FAILURE", "break_down"),
        ("STEP_SKIPPED", "print_it"),
        ("RUN_FAILURE", None),
    ]
    assert result.run.tags["runrack/failure_reason"] == "STEP_FAILURE"


def test_the_failed_run_names_its_first_failure(instance):
    """RUN_FAILURE carries the key and the error of the first failed step, with the user's part of the stack only."""
    result = execute_job(bad_job, instance)
    data = result.events_of_type("RUN_FAILURE")[0].event_specific_data
    assert data.first_step_failure == "break_down"
    assert data.error.cls_name == "ExecutionStepExecutionError"
    assert data.error.stack == ()
    assert data.error.cause.message == "ValueError: out of paper\n"
    assert len(data.error.cause.stack) == 1
    assert 'raise ValueError("out of paper")' in data.error.cause.stack[0]


@pytest.mark.parametrize("retries", ["disabled", {"disabled": {}}])
def test_retries_are_configured(instance, retries):
    """`execution.config.retries` selects the retry mode; the short form and the mapping mean the same."""
    prepared = prepare_job(good_job, instance, {"execution": {"config": {"retries": retries}}})
    assert prepared.executor_def.name == "in_process"
    assert RetryMode.from_config(prepared.config.executor["retries"]) is RetryMode.DISABLED


def test_retries_are_enabled_by_default(instance):
    """Without configuration, steps are retried."""
    prepared = prepare_job(good_job, instance)
    assert prepared.config.executor == {"retries": {"enabled": {}}}


def test_a_misspelt_executor_option_is_found_before_anything_runs(instance):
    """A wrong key under execution.config is a ConfigError with its path and the nearest key; no run is stored."""
    with pytest.raises(
        ConfigError, match=r"execution\.config\.retrys: unknown key; did you mean 'retries'\?"
    ):
        execute_job(good_job, instance, {"execution": {"config": {"retrys": "disabled"}}})
    assert instance.get_runs_count() == 0


def test_a_submitted_run_is_executed_by_the_launcher(instance):
    """The in-process launcher loads the job from the run's code origin and returns when the run is over."""
    run = instance.create_run(
        job_name="good_job",
        job_code_origin=reconstructable(good_job).get_code_origin(),
        remote_job_origin=RemoteJobOrigin("here", "good_job"),
    )
    assert instance.submit_run(run.run_id).status is RunStatus.SUCCESS


def test_a_run_without_code_origin_fails_with_a_reason(instance):
    """A launched run whose code cannot be found ends in FAILURE with JOB_INITIALIZATION_FAILURE."""
    run = instance.create_run(job_name="good_job")
    launched = instance.launch_run(run.run_id)
    assert launched.status is RunStatus.FAILURE
    assert launched.tags["runrack/failure_reason"] == "JOB_INITIALIZATION_FAILURE"


def test_the_launcher_terminates_nothing(instance):
    """Whoever could ask for termination waits for the run: the answer is no, without any event."""
    run = instance.create_run(job_name="good_job")
    assert instance.run_launcher.terminate(run.run_id) is False
    assert instance.all_logs(run.run_id) == []
