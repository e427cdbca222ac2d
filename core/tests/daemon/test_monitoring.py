"""The loop that watches over runs."""

import time
from types import SimpleNamespace

import pytest

from runrack.daemon.monitoring import MonitoringLoop
from runrack.errors import InvariantViolationError
from runrack.instance.daemon_settings import MonitoringSettings
from runrack.interfaces.run_launcher import CheckRunHealthResult, WorkerStatus
from runrack.records import tags as tag_names
from runrack.records.event import Event, event_entry
from runrack.records.event_type import EventType
from runrack.records.run import RunFailureReason
from runrack.records.run_claim import RunClaim
from runrack.records.run_status import RunStatus

STARTED = (EventType.RUN_STARTING, EventType.RUN_START)


@pytest.fixture
def watch(make_context, clock):
    """Return what looks at an instance once, with one loop for each."""
    loops = {}

    def look(instance, **settings):
        clock.time_of_day = max(clock.time_of_day, time.time())
        if instance not in loops:
            loops[instance] = MonitoringLoop(instance, MonitoringSettings(**settings), clock)
        loops[instance].run_once(make_context(instance))

    clock.time_of_day = time.time()
    return look


def status_of(instance, run):
    return instance.get_run_by_id(run.run_id).status


def last_message(instance, run):
    return instance.all_logs(run.run_id)[-1].message


def claim_and_lose(instance, run):
    """Let somebody hold the run whose lease is over already."""
    record = instance.get_run_record_by_id(run.run_id)
    (claim,) = instance.run_storage.claim("worker", 0, run_ids=[run.run_id], status=record.run.status)
    return claim


def test_run_whose_lease_is_over_fails_with_a_reason(instance, add_run, watch):
    """A STARTED run whose worker stopped renewing ends in FAILURE, and says why."""
    run = add_run(instance, *STARTED)
    claim_and_lose(instance, run)
    watch(instance)
    assert status_of(instance, run) is RunStatus.FAILURE
    assert "lease ran out" in last_message(instance, run)
    tags = instance.get_run_by_id(run.run_id).tags
    assert tags[tag_names.FAILURE_REASON] == RunFailureReason.UNEXPECTED_TERMINATION


def test_what_the_lost_worker_still_writes_comes_late(instance, add_run, watch):
    """The old worker's success does not bring the run back."""
    run = add_run(instance, *STARTED)
    claim = claim_and_lose(instance, run)
    watch(instance)
    success = event_entry(Event(EventType.RUN_SUCCESS, "job"), run.run_id)
    (record,) = instance.handle_new_events([success], epoch=claim.epoch)
    assert record.late
    assert status_of(instance, run) is RunStatus.FAILURE


def test_run_whose_lease_holds_is_left_alone(instance, add_run, watch, clock):
    """However long it runs, a run with a worker that renews its lease goes on."""
    run = add_run(instance, *STARTED)
    instance.run_storage.claim("worker", 60, run_ids=[run.run_id], status=RunStatus.STARTED)
    watch(instance)
    clock.advance(1e6)
    watch(instance)
    assert status_of(instance, run) is RunStatus.STARTED


def test_run_that_nobody_holds_after_an_expiry_is_taken_up(instance, add_run, watch):
    """A run that was taken from its owner, by a daemon that died before it decided, does not stay."""
    run = add_run(instance, *STARTED)
    claim_and_lose(instance, run)
    assert len(instance.run_storage.expire()) == 1
    watch(instance)
    assert status_of(instance, run) is RunStatus.FAILURE


def test_run_that_was_never_claimed_is_left_alone(instance, add_run, watch, launcher):
    """Unless the launcher knows that its worker has failed, a run without a claim goes on."""
    run = add_run(instance, *STARTED)
    for health in (
        CheckRunHealthResult(WorkerStatus.UNKNOWN),
        CheckRunHealthResult(WorkerStatus.NOT_FOUND),
        CheckRunHealthResult(WorkerStatus.FAILED, transient=True),
    ):
        launcher.health = health
        watch(instance)
        assert status_of(instance, run) is RunStatus.STARTED
    launcher.health = CheckRunHealthResult(WorkerStatus.FAILED, "It ended with exit code 137.")
    watch(instance)
    assert status_of(instance, run) is RunStatus.FAILURE
    assert "exit code 137" in last_message(instance, run)


def test_lost_run_is_given_new_workers_as_often_as_allowed(instance, add_run, watch, launcher):
    """Each new worker gets the monitor's claim; when the attempts are used up, the run fails."""
    run = add_run(instance, *STARTED)
    for attempt in (1, 2):
        claim_and_lose(instance, run)
        watch(instance, max_resume_run_attempts=2)
        assert launcher.resumed[-1][:2] == (run.run_id, attempt)
        record = instance.get_run_record_by_id(run.run_id)
        assert (record.run.status, record.epoch) == (RunStatus.STARTED, launcher.resumed[-1][2])
        assert record.owner is not None
        held = RunClaim(run.run_id, record.epoch, record.owner, record.lease_expires)
        assert instance.run_storage.release(held)
    watch(instance, max_resume_run_attempts=2)
    assert len(launcher.resumed) == 2
    assert status_of(instance, run) is RunStatus.FAILURE
    assert "given a new one 2 times" in last_message(instance, run)


def test_launcher_that_cannot_resume_is_refused():
    """Runs cannot be given new workers by a launcher that does not do it: the daemon does not start."""
    without = SimpleNamespace(run_launcher=object())
    with pytest.raises(InvariantViolationError, match="max_resume_run_attempts"):
        MonitoringLoop(without, MonitoringSettings(max_resume_run_attempts=1))


def test_run_lost_before_it_started_goes_back_to_the_queue(instance, add_run, watch):
    """A run whose daemon or worker died while it was STARTING waits for its turn again, and nobody holds it."""
    run = add_run(instance, EventType.RUN_ENQUEUED, EventType.RUN_STARTING)
    claim_and_lose(instance, run)
    watch(instance)
    record = instance.get_run_record_by_id(run.run_id)
    assert (record.run.status, record.owner) == (RunStatus.QUEUED, None)


def test_run_that_was_launched_too_often_fails(instance, add_run, watch):
    """The third worker that never takes a run up is the last."""
    launches = (EventType.RUN_ENQUEUED, EventType.RUN_STARTING) * 3
    run = add_run(instance, *launches)
    claim_and_lose(instance, run)
    watch(instance)
    assert status_of(instance, run) is RunStatus.FAILURE
    tags = instance.get_run_by_id(run.run_id).tags
    assert tags[tag_names.FAILURE_REASON] == RunFailureReason.START_TIMEOUT


def test_queued_run_whose_daemon_died_has_its_turn_again(instance, add_run, watch):
    """A claim on a QUEUED run whose lease is over ends; the run stays in the queue."""
    run = add_run(instance, EventType.RUN_ENQUEUED)
    claim_and_lose(instance, run)
    watch(instance)
    record = instance.get_run_record_by_id(run.run_id)
    assert (record.run.status, record.owner) == (RunStatus.QUEUED, None)
    assert len(instance.run_storage.claim("other", 60)) == 1


def test_run_lost_while_it_was_canceled_is_canceled(instance, add_run, watch):
    """Nobody is left who could end it: the monitor does."""
    run = add_run(instance, *STARTED, EventType.RUN_CANCELING)
    claim_and_lose(instance, run)
    watch(instance)
    assert status_of(instance, run) is RunStatus.CANCELED


@pytest.mark.parametrize(
    ("events", "end", "reason"),
    [
        ((), RunStatus.FAILURE, RunFailureReason.START_TIMEOUT),
        ((EventType.RUN_STARTING,), RunStatus.FAILURE, RunFailureReason.START_TIMEOUT),
        ((*STARTED, EventType.RUN_CANCELING), RunStatus.CANCELED, None),
    ],
)
def test_every_state_between_has_a_deadline(instance, add_run, watch, clock, events, end, reason):
    """NOT_STARTED, STARTING and CANCELING end after their timeouts, not before."""
    run = add_run(instance, *events)
    watch(instance)
    before = status_of(instance, run)
    clock.advance(170)
    watch(instance)
    assert status_of(instance, run) is before
    clock.advance(20)
    watch(instance)
    ended = instance.get_run_by_id(run.run_id)
    assert (ended.status, ended.tags.get(tag_names.FAILURE_REASON)) == (end, reason)


def test_run_is_ended_although_its_worker_cannot_be_stopped(instance, add_run, watch, clock, launcher):
    """What the launcher raises is kept in the log of the run."""
    launcher.error = OSError("no such host")
    run = add_run(instance, *STARTED, EventType.RUN_CANCELING)
    watch(instance)
    clock.advance(200)
    watch(instance)
    assert status_of(instance, run) is RunStatus.CANCELED
    messages = [entry.message for entry in instance.all_logs(run.run_id)]
    assert "The worker of the run could not be stopped: no such host" in messages


@pytest.mark.parametrize("tags", [{}, {tag_names.MAX_RUNTIME: "no number"}])
def test_run_that_takes_too_long_is_ended(instance, add_run, watch, clock, launcher, tags):
    """After `max_runtime_seconds` a run is told to stop, and fails."""
    run = add_run(instance, *STARTED, tags=tags)
    watch(instance, max_runtime_seconds=100)
    clock.advance(110)
    watch(instance)
    assert launcher.terminated == [run.run_id]
    assert status_of(instance, run) is RunStatus.FAILURE


def test_tag_of_a_run_says_how_long_it_may_take(instance, add_run, watch, clock):
    """The tag `runrack/max_runtime` wins over the setting."""
    run = add_run(instance, *STARTED, tags={tag_names.MAX_RUNTIME: "1000"})
    watch(instance, max_runtime_seconds=100)
    clock.advance(900)
    watch(instance)
    assert status_of(instance, run) is RunStatus.STARTED
    clock.advance(200)
    watch(instance)
    assert status_of(instance, run) is RunStatus.FAILURE


def test_deadline_of_zero_is_none(instance, add_run, watch, clock):
    """With a timeout of 0 a run may stay where it is."""
    run = add_run(instance, EventType.RUN_STARTING)
    watch(instance, start_timeout_seconds=0)
    clock.advance(1e6)
    watch(instance)
    assert status_of(instance, run) is RunStatus.STARTING


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 365 * 86_400.0])
def test_clock_that_is_set_ends_no_run_early(instance, add_run, watch, clock, jump):
    """When the time of day jumps, a run still has its time, and no more than that."""
    run = add_run(instance, EventType.RUN_STARTING)
    watch(instance)
    clock.jump(jump)
    watch(instance)
    clock.advance(170)
    watch(instance)
    assert status_of(instance, run) is RunStatus.STARTING
    clock.advance(20)
    watch(instance)
    assert status_of(instance, run) is RunStatus.FAILURE


def test_slots_of_runs_that_have_ended_are_freed(instance, add_run, watch):
    """A slot that was claimed after the end of its run does not block the key; that of a live run stays."""
    slots = instance.event_log_storage
    slots.set_concurrency_slots("key", 2)
    ended, live = add_run(instance, *STARTED, EventType.RUN_SUCCESS), add_run(instance, *STARTED)
    for run_id in (ended.run_id, live.run_id):
        assert slots.claim_concurrency_slot("key", run_id, "step").is_claimed
    watch(instance)
    assert slots.get_concurrency_run_ids() == {live.run_id}


def test_lost_run_frees_its_slots(instance, add_run, watch):
    """With the run that fails, its slots are free."""
    slots = instance.event_log_storage
    slots.set_concurrency_slots("key", 1)
    run = add_run(instance, *STARTED)
    assert slots.claim_concurrency_slot("key", run.run_id, "step").is_claimed
    claim_and_lose(instance, run)
    watch(instance)
    assert slots.get_concurrency_run_ids() == set()
