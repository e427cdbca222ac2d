"""The loop that runs failed runs again."""

import threading
import time

import pytest

from runrack.daemon.retry_loop import CURSOR_KEY, TAKE_OVER_SECONDS, RetryLoop, retry_run_id
from runrack.instance.daemon_settings import RetrySettings
from runrack.records import tags as tag_names
from runrack.records.event import Event, event_entry
from runrack.records.event_data import RunFailureData
from runrack.records.event_type import EventType
from runrack.records.run import RunFailureReason
from runrack.records.run_status import RunStatus

STARTED = (EventType.RUN_STARTING, EventType.RUN_START)


@pytest.fixture
def look(make_context, clock):
    """Return what does one round of the loop, of a new daemon each time."""
    clock.time_of_day = time.time()

    def do_round(instance, **settings):
        loop = RetryLoop(instance, RetrySettings(enabled=True, **settings), clock)
        loop.run_once(make_context(instance))

    return do_round


@pytest.fixture
def begun(instance, look):
    """Return an instance whose daemon has begun to read."""
    look(instance)
    return instance


def fail(instance, run, reason=RunFailureReason.STEP_FAILURE):
    """Let a run end in failure, started first where it was not."""
    if instance.get_run_by_id(run.run_id).status is not RunStatus.STARTED:
        instance.handle_new_events([event_entry(Event(EventType.RUN_START, "job"), run.run_id)])
    data = RunFailureData(reason)
    event = Event(EventType.RUN_FAILURE, "job", message="no", event_specific_data=data)
    (record,) = instance.handle_new_events([event_entry(event, run.run_id)])
    assert not record.late


def fail_for_good(instance, look, run, **settings):
    """Let every run of a group fail until no other follows, and return how many there were."""
    attempts = 1
    current = run
    while True:
        fail(instance, current)
        look(instance, **settings)
        following = instance.get_run_by_id(retry_run_id(current.run_id))
        if following is None:
            return attempts
        current, attempts = following, attempts + 1


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_run_that_always_fails_is_tried_once_more_than_the_limit(begun, add_run, look, limit):
    """With N retries a run that fails for good is tried N + 1 times."""
    run = add_run(begun, *STARTED)
    assert fail_for_good(begun, look, run, max_retries=limit) == limit + 1
    assert begun.get_runs_count() == limit + 1


def test_run_that_succeeds_in_the_end_is_tried_no_more(begun, add_run, look):
    """A run that fails k times is tried k + 1 times."""
    run = add_run(begun, *STARTED)
    fail(begun, run)
    look(begun, max_retries=3)
    retry = begun.get_run_by_id(retry_run_id(run.run_id))
    for event_type in (EventType.RUN_START, EventType.RUN_SUCCESS):
        begun.handle_new_events([event_entry(Event(event_type, "job"), retry.run_id)])
    look(begun, max_retries=3)
    assert begun.get_runs_count() == 2


def test_retry_says_what_it_is(begun, add_run, look, coordinator):
    """It has the tags that people gave, its place in the group, and takes up what failed; the failed one names it."""
    run = add_run(begun, *STARTED, tags={"team": "blue", tag_names.PRIORITY: "3"})
    fail(begun, run)
    look(begun, max_retries=1)
    retry = begun.get_run_by_id(retry_run_id(run.run_id))
    assert coordinator.submitted == [retry.run_id]
    assert (retry.root_run_id, retry.parent_run_id, retry.job_name) == (run.run_id, run.run_id, "job")
    assert retry.is_resume_retry
    assert dict(retry.tags) == {
        "team": "blue",
        tag_names.PRIORITY: "3",
        tag_names.ROOT_RUN_ID: run.run_id,
        tag_names.PARENT_RUN_ID: run.run_id,
        tag_names.IS_RESUME_RETRY: "true",
        tag_names.RETRY_NUMBER: "1",
        tag_names.CODE_LOCATION: "location",
    }
    failed = begun.get_run_by_id(run.run_id)
    assert failed.tags[tag_names.WILL_RETRY] == "true"
    assert failed.tags[tag_names.AUTO_RETRY_RUN_ID] == retry.run_id


def test_strategy_of_all_steps(begun, add_run, look):
    """With `ALL_STEPS` the new run takes nothing from the old one."""
    run = add_run(begun, *STARTED, tags={tag_names.RETRY_STRATEGY: "ALL_STEPS"})
    fail(begun, run)
    look(begun, max_retries=1)
    assert not begun.get_run_by_id(retry_run_id(run.run_id)).is_resume_retry


@pytest.mark.parametrize(("tag", "runs"), [("2", 2), ("0", 1), ("many", 1)])
def test_tag_of_the_run_says_how_often(begun, add_run, look, tag, runs):
    """`runrack/max_retries` wins over the setting; what is no number means that it is not run again."""
    run = add_run(begun, *STARTED, tags={tag_names.MAX_RETRIES: tag})
    fail(begun, run)
    look(begun, max_retries=1)
    assert begun.get_runs_count() == runs
    assert begun.get_run_by_id(run.run_id).tags[tag_names.WILL_RETRY] == ("true" if runs == 2 else "false")


def test_failed_steps_may_be_left_out(begun, add_run, look):
    """Without `retry_on_asset_or_op_failure` only what was not the fault of a step is run again."""
    of_step, of_worker = add_run(begun, *STARTED), add_run(begun, *STARTED)
    fail(begun, of_step)
    fail(begun, of_worker, RunFailureReason.UNEXPECTED_TERMINATION)
    look(begun, max_retries=1, retry_on_asset_or_op_failure=False)
    assert begun.get_run_by_id(retry_run_id(of_step.run_id)) is None
    assert begun.get_run_by_id(retry_run_id(of_worker.run_id)) is not None


def test_what_failed_before_the_first_daemon_stays(instance, add_run, look):
    """The first daemon of an instance begins with what fails from then on."""
    run = add_run(instance, *STARTED)
    fail(instance, run)
    look(instance, max_retries=1)
    look(instance, max_retries=1)
    assert instance.get_runs_count() == 1


def test_daemon_that_reads_everything_again_makes_no_second_run(begun, add_run, look, coordinator):
    """A restart before the bookmark was stored repeats nothing."""
    before = begun.run_storage.get_cursor_values([CURSOR_KEY])
    fail(begun, add_run(begun, *STARTED))
    for _ in range(3):
        begun.run_storage.set_cursor_values(before)
        look(begun, max_retries=5)
    assert (begun.get_runs_count(), len(coordinator.submitted)) == (2, 1)


def test_run_made_by_a_daemon_that_died_is_submitted_by_another(begun, add_run, look, coordinator, clock):
    """A retry that was stored and not submitted waits for its maker a minute, and then for nobody."""
    run = add_run(begun, *STARTED)
    made = add_run(begun, run_id=retry_run_id(run.run_id), root_run_id=run.run_id, parent_run_id=run.run_id)
    fail(begun, run)
    look(begun, max_retries=1)
    assert coordinator.submitted == []
    clock.advance(TAKE_OVER_SECONDS + 1)
    look(begun, max_retries=1)
    look(begun, max_retries=1)
    assert coordinator.submitted == [made.run_id]


def test_failure_that_came_late_is_none(begun, add_run, look):
    """What an old worker reported of a run that another took up makes no other run."""
    run = add_run(begun, *STARTED, EventType.RUN_SUCCESS)
    (record,) = begun.handle_new_events([event_entry(Event(EventType.RUN_FAILURE, "job"), run.run_id)])
    assert record.late
    look(begun, max_retries=1)
    assert begun.get_runs_count() == 1


def test_several_daemons_make_one_run_for_each_failure(begun, add_run, make_context, coordinator, clock):
    """Daemons that look at the same moment make and submit each run once."""
    failed = [add_run(begun, *STARTED) for _ in range(20)]
    for run in failed:
        fail(begun, run)
    together = threading.Barrier(4)

    def look_together():
        loop = RetryLoop(begun, RetrySettings(enabled=True, max_retries=1), clock)
        together.wait()
        for _ in range(20):
            loop.run_once(make_context(begun))

    threads = [threading.Thread(target=look_together) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(coordinator.submitted) == sorted(retry_run_id(run.run_id) for run in failed)
