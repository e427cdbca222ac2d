"""The loop that launches queued runs: limits, failures, waiting for code and for slots."""

import threading
from datetime import UTC, datetime

import pytest
from typing_extensions import override

from runrack.errors import LaunchFailedError, LocationUnavailableError
from runrack.interfaces.workspace import LocationInfo, LocationState
from runrack.records.event import Event
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus
from runrack.records.snapshot import JobSnapshot, OpSnapshot
from runrack.records.tags import PRIORITY
from runrack.testing.launching import FakeDaemon, RecordingLauncher, submit
from runrack_queue.dequeue_loop import LAUNCH_SECONDS, LOOK_SECONDS, START_SECONDS, DequeueLoop
from runrack_queue.paused_locations import PausedLocations


def dequeue(instance, **daemon):
    """Let a daemon look at the queue once, and return what it is."""
    context = FakeDaemon(instance, **daemon)
    (loop,) = instance.run_coordinator.daemon_loops()
    loop.run_once(context)
    return context


def end(instance, run_id):
    for event_type in (EventType.RUN_START, EventType.RUN_SUCCESS):
        instance.report_event(Event(event_type, "job"), run_id)


def statuses(instance, run_ids):
    return [instance.get_run_by_id(run_id).status.value for run_id in run_ids]


class Locations:
    """A workspace of which only the state of its locations is asked."""

    def __init__(self, **errors):
        self.infos = [
            LocationInfo(name, LocationState.ERROR if error else LocationState.LOADED, "jobs.py", error)
            for name, error in errors.items()
        ]

    def list_locations(self):
        return self.infos


def test_runs_are_launched_in_their_turn(open_instance):
    """The most urgent run is launched first, each under a claim, as many as may be in progress."""
    launcher = RecordingLauncher()
    instance = open_instance(launcher, max_concurrent_runs=2)
    a, b = submit(instance, "a", "b")
    (urgent,) = submit(instance, "urgent", tags={PRIORITY: "1"})
    context = dequeue(instance)
    assert launcher.launched == [urgent, a]
    assert [(claim.run_id, claim.owner) for claim in launcher.claims] == [(urgent, "daemon"), (a, "daemon")]
    assert statuses(instance, [urgent, a, b]) == ["STARTING", "STARTING", "QUEUED"]
    assert context.progress == 2
    end(instance, a)
    dequeue(instance)
    assert launcher.launched == [urgent, a, b]


@pytest.mark.parametrize("config", [{}, {"dequeue_use_threads": True, "dequeue_num_workers": 3}])
def test_all_that_may_go_goes_in_one_round(open_instance, config):
    """A round ends when nothing may go any more, also with several launches at a time."""
    launcher = RecordingLauncher()
    instance = open_instance(launcher, max_concurrent_runs=-1, **config)
    run_ids = submit(instance, *["job"] * 30)
    assert dequeue(instance).progress == 30
    assert sorted(launcher.launched) == sorted(run_ids)


def test_a_launched_run_has_a_lease_until_its_worker_takes_over(open_instance):
    """From the launch on the daemon's claim lasts as long as a worker may need to start."""
    launcher = RecordingLauncher()
    instance = open_instance(launcher)
    (run_id,) = submit(instance, "job")
    dequeue(instance)
    record = instance.get_run_record_by_id(run_id)
    (claim,) = launcher.claims
    assert (record.epoch, record.owner) == (claim.epoch, "daemon")
    left = record.lease_expires - datetime.now(UTC)
    assert 0 < left.total_seconds() <= START_SECONDS < LAUNCH_SECONDS


class SlowLauncher(RecordingLauncher):
    """Launches only when the daemon's claim was renewed: as when the code of a run takes long to be loaded."""

    @override
    def launch_run(self, context):
        before = self.expires(context)
        while self.expires(context) <= before:
            assert datetime.now(UTC) < before, "the lease ran out without having been renewed"
        super().launch_run(context)

    def expires(self, context):
        return self.instance.get_run_record_by_id(context.run.run_id).lease_expires


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_whose_launch_takes_long_is_not_lost(open_instance, workers):
    """While a run is being launched its lease is renewed, and afterwards no more."""
    launcher = SlowLauncher()
    instance = open_instance(launcher)
    run_ids = submit(instance, "a", "b")
    DequeueLoop(instance.run_coordinator, 1.0, workers, start_seconds=3.0).run_once(FakeDaemon(instance))
    assert sorted(launcher.launched) == sorted(run_ids)
    assert "runrack-launch-leases" not in {thread.name for thread in threading.enumerate()}


def test_a_run_that_cannot_be_launched_keeps_no_other_waiting(open_instance):
    """A launch that fails ends its run in FAILURE with the error in its log; the others are launched."""
    launcher = RecordingLauncher(bad=LaunchFailedError("no machine"))
    instance = open_instance(launcher)
    bad, good = submit(instance, "bad", "good")
    dequeue(instance)
    assert statuses(instance, [bad, good]) == ["FAILURE", "STARTING"]
    (entry,) = instance.all_logs(bad, EventType.ENGINE_EVENT)
    assert "no machine" in entry.get_event().event_specific_data.error.message


def test_a_stopping_daemon_gives_its_runs_back(open_instance):
    """A daemon that is asked to stop launches nothing more and releases what it had claimed."""
    launcher = RecordingLauncher()
    instance = open_instance(launcher)
    run_ids = submit(instance, "a", "b", "c", "d")
    dequeue(instance, stops_after=2)
    assert launcher.launched == run_ids[:2]
    assert [instance.get_run_record_by_id(run_id).owner for run_id in run_ids[2:]] == [None, None]
    dequeue(instance)
    assert launcher.launched == run_ids


def test_a_run_waits_while_its_code_cannot_be_loaded(open_instance):
    """A run whose code turns out not to be loadable goes back to the queue, and its location is left alone for a while."""
    error = LocationUnavailableError("broken", "SyntaxError in jobs.py")
    launcher = RecordingLauncher(bad=error)
    instance = open_instance(launcher)
    bad, _ = submit(instance, "bad", "job", location="broken")
    (good,) = submit(instance, "job")
    dequeue(instance)
    dequeue(instance)
    assert statuses(instance, [bad, good]) == ["QUEUED", "STARTING"]
    assert instance.get_run_record_by_id(bad).owner is None
    assert len(instance.all_logs(bad, EventType.RUN_ENQUEUED)) == 2
    limit = instance.run_coordinator.get_queue_limits().tag_limits[0]
    assert (limit.value, limit.limit) == ("broken", 0)
    assert "SyntaxError in jobs.py" in limit.reason
    assert launcher.launched == [good]


def test_a_run_is_given_up_when_it_has_been_put_back_too_often(open_instance):
    """With a number of retries, a run ends in FAILURE when its code could not be loaded after that many."""
    launcher = RecordingLauncher(bad=LocationUnavailableError("here", "no such file"))
    instance = open_instance(launcher, max_user_code_failure_retries=1, user_code_failure_retry_delay=0)
    (bad,) = submit(instance, "bad")
    dequeue(instance)
    assert statuses(instance, [bad]) == ["FAILURE"]
    assert len(instance.all_logs(bad, EventType.RUN_ENQUEUED)) == 2
    assert "could not be loaded" in instance.all_logs(bad, EventType.RUN_FAILURE)[0].message


def test_no_run_of_a_broken_location_is_launched(open_instance):
    """While the workspace says that a location cannot be loaded, its runs wait, other processes see why, and others go."""
    now = [1000.0]
    launcher = RecordingLauncher()
    instance = open_instance(launcher, clock=lambda: now[0])
    (waiting,) = submit(instance, "job", location="broken")
    (good,) = submit(instance, "job")
    dequeue(instance, workspace=Locations(here=None, broken="SyntaxError"))
    assert launcher.launched == [good]
    (limit,) = instance.run_coordinator.get_queue_limits().tag_limits
    assert limit.reason == "code location 'broken' cannot be loaded: SyntaxError"
    now[0] += 15
    dequeue(instance, workspace=Locations(here=None, broken=None))
    assert launcher.launched == [good, waiting]


def test_a_pause_ends_by_itself(open_instance):
    """A location is paused until the moment that was said, for every daemon."""
    instance = open_instance(RecordingLauncher())
    now = 1000.0
    paused = PausedLocations(instance.run_storage, clock=lambda: now)
    paused.add("a", 60, "no")
    now = 1030.0
    paused.add("b", 60, "no")
    assert sorted(paused.get_all()) == ["a", "b"]
    now = 1060.0
    assert sorted(paused.get_all()) == ["b"]


def keyed_job(*keys):
    return JobSnapshot(
        "job", ops=tuple(OpSnapshot(f"op{n}", "op", concurrency_key=key) for n, key in enumerate(keys))
    )


def test_runs_wait_for_slots(open_instance):
    """A run none of whose first steps would get a slot waits; so many go as there are free slots, and the buffer."""
    launcher = RecordingLauncher()
    instance = open_instance(launcher, block_op_concurrency_limited_runs={"op_concurrency_slot_buffer": 1})
    instance.event_log_storage.set_concurrency_slots("db", 2)
    instance.event_log_storage.claim_concurrency_slot("db", "other", "step")
    keyed = submit(instance, *["job"] * 3, job_snapshot=keyed_job("db"))
    free = submit(instance, "job", "job", job_snapshot=keyed_job("db", None))
    unlimited = submit(instance, "job", job_snapshot=keyed_job("unknown"))
    dequeue(instance)
    assert launcher.launched == [*keyed[:2], *free, *unlimited]
    (limit,) = instance.run_coordinator.get_queue_limits().tag_limits
    assert limit.reason == "no free slot of the concurrency key 'db'"
    instance.event_log_storage.free_concurrency_slots_for_run("other")
    dequeue(instance)
    assert launcher.launched[-1] == keyed[2]


def test_runs_need_not_wait_for_slots(open_instance):
    """Without `block_op_concurrency_limited_runs`, slots keep no run waiting; a strange tag never does."""
    launcher = RecordingLauncher()
    instance = open_instance(launcher, block_op_concurrency_limited_runs={"enabled": False})
    instance.event_log_storage.set_concurrency_slots("db", 0)
    submit(instance, "job", job_snapshot=keyed_job("db"))
    dequeue(instance)
    assert len(launcher.launched) == 1
    other = open_instance(launcher)
    other.event_log_storage.set_concurrency_slots("db", 0)
    submit(other, "job", tags={"runrack/first_concurrency_keys": "no JSON"})
    dequeue(other)
    assert len(launcher.launched) == 2


@pytest.mark.parametrize("is_deleted", [False, True])
def test_a_run_that_is_lost_is_passed_over(open_instance, is_deleted):
    """A run that is canceled or deleted between its claim and its launch keeps no other waiting."""
    launcher = RecordingLauncher()
    instance = open_instance(launcher)
    a, b, c, d = submit(instance, "a", "b", "c", "d")

    class LosesC(FakeDaemon):
        @override
        def report_progress(self):
            super().report_progress()
            if self.progress == 2:
                lose = instance.delete_run if is_deleted else cancel_at_once
                lose(c)

    def cancel_at_once(run_id):
        instance.report_run_canceling(instance.get_run_by_id(run_id))
        instance.report_run_canceled(instance.get_run_by_id(run_id))

    (loop,) = instance.run_coordinator.daemon_loops()
    loop.run_once(LosesC(instance))
    assert launcher.launched == [a, b, d]


def test_a_run_that_was_taken_up_after_all_is_left_alone(open_instance):
    """A launcher that raises though the worker has begun does not end the run, nor put it back."""
    instance = open_instance(RecordingLauncher())

    class StartsAndRaises(RecordingLauncher):
        def launch_run(self, context):
            instance.report_event(Event(EventType.RUN_START, "job"), context.run.run_id)
            raise self.errors[context.run.job_name]

    errors = {"a": LaunchFailedError("no answer"), "b": LocationUnavailableError("here", "no answer")}
    other = open_instance(StartsAndRaises(**errors))
    instance = other
    run_ids = submit(other, "a", "b")
    dequeue(other)
    assert statuses(other, run_ids) == [RunStatus.STARTED, RunStatus.STARTED]


def test_a_place_that_becomes_free_is_given_away_soon(open_instance):
    """While runs wait for others to end, the loop looks often whether one has; otherwise it rests."""
    launcher = RecordingLauncher()
    instance = open_instance(launcher, max_concurrent_runs=1)
    loop = DequeueLoop(instance.run_coordinator, 5, clock=lambda: 0.0)
    assert loop.interval_seconds == 5
    a, b = submit(instance, "a", "b")
    loop.run_once(FakeDaemon(instance))
    assert loop.interval_seconds == LOOK_SECONDS
    loop.run_once(FakeDaemon(instance))
    assert launcher.launched == [a]
    end(instance, a)
    loop.run_once(FakeDaemon(instance))
    assert launcher.launched == [a, b]
    assert loop.interval_seconds == 5


def test_a_full_queue_is_looked_at_in_any_case(open_instance):
    """What else may let a run go, such as its priority or a paused location, is seen after the configured interval."""
    now = [0.0]
    launcher = RecordingLauncher()
    limits = [{"key": "team", "value": "a", "limit": 1}]
    instance = open_instance(launcher, tag_concurrency_limits=limits)
    loop = DequeueLoop(instance.run_coordinator, 5, clock=lambda: now[0])
    first, _ = submit(instance, "job", "job", tags={"team": "a"})
    loop.run_once(FakeDaemon(instance))
    (other,) = submit(instance, "job")
    loop.run_once(FakeDaemon(instance))
    assert launcher.launched == [first]
    now[0] = 5.0
    loop.run_once(FakeDaemon(instance))
    assert launcher.launched == [first, other]


def test_runs_that_are_not_launched_in_time_go_back(open_instance):
    """When a launch takes so long that the claims of those behind would run out, these are put back, and go again."""
    now = [0.0]

    class SlowForB(RecordingLauncher):
        @override
        def launch_run(self, context):
            super().launch_run(context)
            now[0] += 31.0 if context.run.job_name == "b" else 0.0

    launcher = SlowForB()
    instance = open_instance(launcher, max_concurrent_runs=-1)
    a, b, c = submit(instance, "a", "b", "c")
    DequeueLoop(instance.run_coordinator, 5, clock=lambda: now[0]).run_once(FakeDaemon(instance))
    assert launcher.launched == [a, b, c]
    counts = [len(instance.all_logs(run_id, EventType.RUN_STARTING)) for run_id in (a, b, c)]
    assert counts == [1, 1, 2]
    assert "did not come to launching" in instance.all_logs(c, EventType.RUN_ENQUEUED)[1].message
