"""The suite of run coordinators rejects coordinators that are wrong in one point."""

import threading
from contextlib import suppress
from pathlib import Path

from typing_extensions import override

from runrack.config.vocabulary import Permissive
from runrack.errors import LaunchFailedError, RunNotFoundError
from runrack.interfaces.daemon_loop import DaemonLoop
from runrack.interfaces.run_launcher import LaunchRunContext
from runrack.records.event import Event
from runrack.records.event_type import EventType
from runrack.records.run_queue import QueueLimits
from runrack.records.run_status import RunStatus
from runrack.testing.conformance.run_coordinator import RunCoordinatorConformance
from runrack.testing.conformance.suite import Ability
from runrack.testing.wrong_implementations import find_accepted, suites_of
from runrack_queue import DefaultRunCoordinator, QueuedRunCoordinator


class AskingDirectly(DefaultRunCoordinator):
    """A base for coordinators that ask the launcher themselves."""

    def ask(self, run, workspace=None):
        self.instance.run_launcher.launch_run(LaunchRunContext(run, workspace))
        return self.instance.get_run_by_id(run.run_id)


class LaunchesWhatItHasLaunched(AskingDirectly):
    @override
    def submit_run(self, context):
        before = self.instance.get_run_by_id(context.run.run_id)
        returned = super().submit_run(context)
        return returned if before.status is RunStatus.NOT_STARTED else self.ask(returned)


class ReturnsWhatItWasGiven(DefaultRunCoordinator):
    @override
    def submit_run(self, context):
        super().submit_run(context)
        return context.run.with_status(RunStatus.QUEUED)


class TrustsWhatItWasGiven(AskingDirectly):
    @override
    def submit_run(self, context):
        if context.run.status is RunStatus.NOT_STARTED:
            super().submit_run(context)
            return self.ask(context.run)
        return super().submit_run(context)


class TakesInUnknownRuns(DefaultRunCoordinator):
    @override
    def submit_run(self, context):
        with suppress(RunNotFoundError):
            return super().submit_run(context)
        return context.run


class SaysNothingOfASecondSubmit(DefaultRunCoordinator):
    @override
    def submit_run(self, context):
        stored = self.instance.get_run_by_id(context.run.run_id)
        if stored is not None and stored.status is not RunStatus.NOT_STARTED:
            return stored
        return super().submit_run(context)


class SwallowsTheErrorOfTheLauncher(DefaultRunCoordinator):
    @override
    def submit_run(self, context):
        with suppress(LaunchFailedError):
            return super().submit_run(context)
        return self.instance.get_run_by_id(context.run.run_id)


class ForgetsTheWorkspace(DefaultRunCoordinator):
    @override
    def submit_run(self, context):
        return super().submit_run(type(context)(context.run))


class LaunchesNothing(DefaultRunCoordinator):
    @override
    def submit_run(self, context):
        return self.instance.get_run_by_id(context.run.run_id)


class LooksBeforeItLaunches(AskingDirectly):
    """Lets threads see the same run that was not submitted yet."""

    def __init__(self, inst_data=None):
        super().__init__(inst_data)
        self.barrier = threading.Barrier(2, timeout=0.2)

    @override
    def submit_run(self, context):
        run = self.instance.get_run_by_id(context.run.run_id)
        with suppress(threading.BrokenBarrierError):
            self.barrier.wait()
        if run.status is not RunStatus.NOT_STARTED:
            return run
        self.instance.report_event(Event(EventType.RUN_STARTING, run.job_name), run.run_id)
        return self.ask(run)


class LosesWhatComesAtTheSameTime(DefaultRunCoordinator):
    """Takes in nothing while it takes a run in."""

    def __init__(self, inst_data=None):
        super().__init__(inst_data)
        self.lock = threading.Lock()
        self.barrier = threading.Barrier(2, timeout=0.2)

    @override
    def submit_run(self, context):
        with suppress(threading.BrokenBarrierError):
            self.barrier.wait()
        if not self.lock.acquire(blocking=False):
            return context.run
        with suppress(threading.BrokenBarrierError):
            self.barrier.wait()
        try:
            return super().submit_run(context)
        finally:
            self.lock.release()


class DropsTags(DefaultRunCoordinator):
    @override
    def submit_run(self, context):
        returned = super().submit_run(context)
        self.instance.run_storage.add_run_tags(returned.run_id, {"a b": "dropped"})
        return self.instance.get_run_by_id(returned.run_id)


class CancelsWhatItDoesNotKnow(DefaultRunCoordinator):
    @override
    def cancel_run(self, run_id):
        return super().cancel_run(run_id) or self.instance.get_run_by_id(run_id) is None


class CancelsWhatIsNotUnderWay(DefaultRunCoordinator):
    @override
    def cancel_run(self, run_id):
        run = self.instance.get_run_by_id(run_id)
        if run is not None and run.status in {RunStatus.NOT_STARTED, RunStatus.SUCCESS}:
            self.instance.report_run_canceling(run)
        return super().cancel_run(run_id)


class ReportsItself(DefaultRunCoordinator):
    @override
    def cancel_run(self, run_id):
        run = self.instance.get_run_by_id(run_id)
        if run is not None and run.status is RunStatus.STARTED:
            self.instance.report_run_canceling(run)
        return super().cancel_run(run_id)


class DoesNotBelieveTheLauncher(DefaultRunCoordinator):
    @override
    def cancel_run(self, run_id):
        super().cancel_run(run_id)
        run = self.instance.get_run_by_id(run_id)
        return run is not None and run.status is not RunStatus.NOT_STARTED


class CancelsTwice(DefaultRunCoordinator):
    @override
    def cancel_run(self, run_id):
        run = self.instance.get_run_by_id(run_id)
        return super().cancel_run(run_id) or (run is not None and run.status is RunStatus.CANCELED)


class ForgetsWhatItWasBuiltFrom(DefaultRunCoordinator):
    @property
    @override
    def inst_data(self):
        return None


class TakesAnyField(DefaultRunCoordinator):
    @classmethod
    @override
    def config_type(cls):
        return Permissive()

    @classmethod
    @override
    def from_config_value(cls, inst_data, config_value):
        return cls(inst_data)


class IsClosedOnce(DefaultRunCoordinator):
    closed = False

    @override
    def dispose(self):
        assert not self.closed
        self.closed = True


class OffersAQueueAndKeepsNone(DefaultRunCoordinator):
    def get_queue_limits(self, workspace=None):
        return QueueLimits()

    def requeue_run(self, run, reason, epoch=None):
        return False


class ShowsItsConfiguration(QueuedRunCoordinator):
    def __repr__(self):
        return f"QueuedRunCoordinator({self._max_runs})"


class LaunchesWhatItQueues(QueuedRunCoordinator):
    @override
    def submit_run(self, context):
        run = super().submit_run(context)
        self.instance.run_launcher.launch_run(LaunchRunContext(run))
        return run


class AsksTheLauncherToCancelWhatWaits(QueuedRunCoordinator):
    @override
    def cancel_run(self, run_id):
        self.instance.run_launcher.terminate(run_id)
        return super().cancel_run(run_id)


class LeavesClaimedRunsAlone(QueuedRunCoordinator):
    @override
    def cancel_run(self, run_id):
        record = self.instance.run_storage.get_run_record_by_id(run_id)
        return (record is None or record.owner is None) and super().cancel_run(run_id)


class HasNoLimit(QueuedRunCoordinator):
    @override
    def get_queue_limits(self, workspace=None):
        return QueueLimits()


class KnowsItsLimitsWithAWorkspaceOnly(QueuedRunCoordinator):
    @override
    def get_queue_limits(self, workspace=None):
        return QueueLimits() if workspace is None else super().get_queue_limits(workspace)


class RequeuesWithoutAReason(QueuedRunCoordinator):
    @override
    def requeue_run(self, run, reason, epoch=None):
        return super().requeue_run(run, "back", epoch)


class RequeuesForAnyEpoch(QueuedRunCoordinator):
    @override
    def requeue_run(self, run, reason, epoch=None):
        return super().requeue_run(run, reason)


class SaysThatItHasRequeued(QueuedRunCoordinator):
    @override
    def requeue_run(self, run, reason, epoch=None):
        super().requeue_run(run, reason, epoch)
        return True


class LeavesRunsWithoutCodeStarting(QueuedRunCoordinator):
    @override
    def wait_for_code(self, claim, error):
        pass


class WithAnotherLoop(QueuedRunCoordinator):
    """A base for coordinators whose loop is wrong."""

    @override
    def daemon_loops(self):
        return [WrongLoop(self, super().daemon_loops()[0])]

    def waiting(self):
        limits = self.get_queue_limits()
        free = limits.max_runs - self.instance.run_storage.count_in_progress(()).total
        return self.instance.run_storage.list_queued(max(free, 0))


class WrongLoop(DaemonLoop):
    name = "wrong"
    interval_seconds = 1.0

    def __init__(self, coordinator, right):
        self.coordinator = coordinator
        self.right = right

    @override
    def run_once(self, context):
        self.coordinator.do_round(context, self.right)


class LaunchesTheLastFirst(WithAnotherLoop):
    def do_round(self, context, right):
        instance = context.instance
        run_ids = [record.run.run_id for record in instance.run_storage.list_queued(100)][::-1]
        free = self._max_runs - instance.run_storage.count_in_progress(()).total
        claims = instance.run_storage.claim(context.owner, 60, max(free, 0), run_ids) if run_ids else []
        for run, claim in instance.begin_launches(claims) if claims else []:
            instance.finish_launch(run, claim)


class LaunchesWithoutAClaim(WithAnotherLoop):
    def do_round(self, context, right):
        for record in self.waiting():
            context.instance.launch_run(record.run.run_id)


class LetsDaemonsSeeTheSame(WithAnotherLoop):
    def __init__(self, **config):
        super().__init__(**config)
        self.barrier = threading.Barrier(3, timeout=0.2)

    def do_round(self, context, right):
        seen = [record.run for record in self.waiting()]
        with suppress(threading.BrokenBarrierError):
            self.barrier.wait()
        for run in seen:
            context.instance.run_launcher.launch_run(LaunchRunContext(run))


class StopsAtAFailure(WithAnotherLoop):
    def do_round(self, context, right):
        claims = context.instance.run_storage.claim_next(context.owner, 60, self.get_queue_limits(), 1)
        for run, claim in context.instance.begin_launches(claims) if claims else []:
            context.instance.finish_launch(run, claim)


class KeepsWhatItDoesNotLaunch(WithAnotherLoop):
    def do_round(self, context, right):
        if context.owner != "stopped":
            right.run_once(context)
            return
        context.instance.run_storage.claim_next(context.owner, 60, self.get_queue_limits(), 2)


class WaitsForNobody(WithAnotherLoop):
    """Goes on when it is asked to stop."""

    def do_round(self, context, right):
        context._stops_after = None
        right.run_once(context)


MUTANTS = {
    LaunchesWhatItHasLaunched: "test_a_second_submit_does_nothing",
    ReturnsWhatItWasGiven: "test_a_submitted_run_is_returned_as_stored",
    TrustsWhatItWasGiven: "test_what_is_under_way_is_left_alone",
    TakesInUnknownRuns: "test_an_unknown_run_is_refused",
    SaysNothingOfASecondSubmit: "test_a_second_submit_does_nothing",
    SwallowsTheErrorOfTheLauncher: "test_a_launch_that_fails_is_told",
    ForgetsTheWorkspace: "test_a_submitted_run_is_launched",
    LaunchesNothing: "test_a_submitted_run_is_returned_as_stored",
    LooksBeforeItLaunches: "test_one_run_is_taken_in_once_by_threads",
    LosesWhatComesAtTheSameTime: "test_threads_submit_many_runs",
    DropsTags: "test_a_run_keeps_its_tags",
    CancelsWhatItDoesNotKnow: "test_an_unknown_run_is_not_canceled",
    CancelsWhatIsNotUnderWay: "test_what_is_not_under_way_is_not_canceled",
    ReportsItself: "test_a_run_under_way_is_canceled_by_the_launcher",
    DoesNotBelieveTheLauncher: "test_a_launcher_that_cannot_is_believed",
    CancelsTwice: "test_a_submitted_run_can_be_canceled_once",
    ForgetsWhatItWasBuiltFrom: "test_it_is_built_from_configuration",
    TakesAnyField: "test_a_mistyped_field_is_refused",
    IsClosedOnce: "test_it_can_be_closed_twice",
    OffersAQueueAndKeepsNone: "test_it_declares_what_it_can_do",
    ShowsItsConfiguration: "test_no_configuration_is_shown",
    LaunchesWhatItQueues: "test_a_submitted_run_waits",
    AsksTheLauncherToCancelWhatWaits: "test_a_queued_run_is_canceled_without_the_launcher",
    LeavesClaimedRunsAlone: "test_a_claimed_run_is_canceled",
    HasNoLimit: "test_no_more_runs_than_allowed_are_in_progress",
    KnowsItsLimitsWithAWorkspaceOnly: "test_the_limits_can_be_read",
    RequeuesWithoutAReason: "test_a_run_goes_back_to_the_queue",
    RequeuesForAnyEpoch: "test_an_old_epoch_puts_nothing_back",
    SaysThatItHasRequeued: "test_what_a_worker_has_is_not_put_back",
    LeavesRunsWithoutCodeStarting: "test_a_run_without_code_is_not_stuck",
    LaunchesTheLastFirst: "test_runs_are_launched_in_their_turn",
    LaunchesWithoutAClaim: "test_a_run_is_launched_under_a_claim",
    LetsDaemonsSeeTheSame: "test_daemons_launch_each_run_once",
    StopsAtAFailure: "test_a_failed_launch_keeps_nobody",
    KeepsWhatItDoesNotLaunch: "test_a_stopping_daemon_leaves_the_rest",
    WaitsForNobody: "test_a_stopping_daemon_leaves_the_rest",
}
"""A coordinator that is wrong in one point, and the test that is there to find it."""


def suite_of(coordinator_class):
    """Return the suite that a coordinator of this class has to pass."""
    keeps_queue = issubclass(coordinator_class, QueuedRunCoordinator)

    class Tried(RunCoordinatorConformance):
        abilities = frozenset({Ability.KEEPS_A_QUEUE if keeps_queue else Ability.LAUNCHES_AT_ONCE})
        config = {"max_concurrent_runs": 1234} if keeps_queue else {}

        @override
        def make_coordinator(self):
            limits = {"max_concurrent_runs": self.max_concurrent_runs} if keeps_queue else {}
            return coordinator_class(**limits)

    return Tried


globals().update(suites_of(MUTANTS, suite_of))


def test_every_wrong_coordinator_is_rejected(tmp_path):
    """Each coordinator that is wrong in one point fails the test that is there to find it."""
    assert find_accepted(Path(__file__), tmp_path) == []
