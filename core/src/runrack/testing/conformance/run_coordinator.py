"""RunCoordinatorConformance: what it means to decide when a submitted run is launched."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from typing_extensions import override

from runrack.errors import LaunchFailedError, LocationUnavailableError, RunNotFoundError
from runrack.instance.instance import Instance
from runrack.interfaces.daemon_loop import SupportsDaemonLoops
from runrack.interfaces.run_coordinator import RunCoordinator, SupportsQueue
from runrack.interfaces.run_launcher import RunLauncher
from runrack.records.event_data import RunEnqueuedData
from runrack.records.event_type import EventType
from runrack.records.run import Run
from runrack.records.run_status import FINISHED, RunStatus
from runrack.records.tags import PARTITION, PRIORITY
from runrack.testing.conformance.awkward_names import AWKWARD_TAGS
from runrack.testing.conformance.configured_part import ConfiguredPartConformance
from runrack.testing.conformance.suite import Ability, in_threads, needs
from runrack.testing.launching import ObedientLauncher, open_in_memory
from runrack.testing.location import FakeWorkspace
from runrack.testing.run_desk import RunDesk, Warnings

_SUBMITTED = sorted(set(RunStatus) - {RunStatus.NOT_STARTED})


class RunCoordinatorConformance(ConfiguredPartConformance[Any]):
    """The tests for a run coordinator. An implementer supplies `make_coordinator` and declares abilities.

    The abilities are `LAUNCHES_AT_ONCE` and `KEEPS_A_QUEUE`: one of them. The launcher of the tests starts nothing.
    """

    max_concurrent_runs = 2
    """How many runs the queue lets be in progress at once; the coordinator is made so, and launches one after the other."""

    @abstractmethod
    def make_coordinator(self) -> RunCoordinator:
        """Return a new coordinator. One with a queue lets `max_concurrent_runs` runs be in progress, and has no other limit."""

    def make_instance(self, coordinator: RunCoordinator, launcher: RunLauncher) -> Instance:
        """Return an instance of the two that nobody has used; one in memory, which takes the distribution `runrack-memory`."""
        return open_in_memory(run_coordinator=coordinator, run_launcher=launcher)

    @property
    @override
    def interface(self) -> type[RunCoordinator]:
        return RunCoordinator

    @override
    def make_storage(self, tmp_path: Path) -> RunCoordinator:
        return self.make_coordinator()

    @contextmanager
    def open_desk(self) -> Iterator[RunDesk]:
        """Return a context with a new coordinator in an instance."""
        launcher = ObedientLauncher()
        with self.make_instance(self.make_coordinator(), launcher) as instance:
            yield RunDesk(instance, instance.run_coordinator, launcher)

    @pytest.fixture
    def desk(self) -> Iterator[RunDesk]:
        """A new coordinator in an instance."""
        with self.open_desk() as desk:
            yield desk

    def test_it_declares_what_it_can_do(self, desk: RunDesk) -> None:
        """The abilities of the suite are those of the class, and it launches at once or keeps a queue.

        Look at the methods of SupportsQueue and SupportsDaemonLoops: a queue needs all of them.
        """
        keeps_queue = Ability.KEEPS_A_QUEUE in self.abilities
        assert isinstance(desk.coordinator, SupportsQueue) == keeps_queue
        assert isinstance(desk.coordinator, SupportsDaemonLoops) >= keeps_queue
        assert (Ability.LAUNCHES_AT_ONCE in self.abilities) != keeps_queue

    def test_a_submitted_run_is_returned_as_stored(self, desk: RunDesk) -> None:
        """What `submit_run` returns is the run as it is stored then, and that has been taken in.

        Return the run as read after the last change, not the one that was handed in.
        """
        returned = desk.submit(desk.new_run(tags={"team": "a"}))
        assert returned == desk.stored(returned.run_id)
        assert returned.status is not RunStatus.NOT_STARTED

    def test_a_run_keeps_its_tags(self, desk: RunDesk) -> None:
        """Tags of any text, and the configuration, stay what they were.

        Look for a place where the run is written again instead of only its event.
        """
        run = desk.new_run(tags=AWKWARD_TAGS, run_config={"ops": {"a": {"config": "añ日🚀"}}})
        returned = desk.submit(run)
        assert {**returned.tags, **AWKWARD_TAGS} == returned.tags
        assert returned.run_config == run.run_config

    def test_a_second_submit_does_nothing(self, desk: RunDesk) -> None:
        """A run that was submitted before is returned as stored, with a warning that names it, and is not launched again.

        Compare the status of the stored run with NOT_STARTED before anything is done.
        """
        run = desk.new_run()
        desk.submit(run)
        before = desk.events_of(run.run_id)
        with Warnings() as warnings:
            assert desk.submit(run) == desk.stored(run.run_id)
        assert any(run.run_id in text for text in warnings.texts)
        assert desk.events_of(run.run_id) == before
        assert len(desk.launcher.launched) == (Ability.LAUNCHES_AT_ONCE in self.abilities)

    @pytest.mark.parametrize("status", _SUBMITTED)
    def test_what_is_under_way_is_left_alone(self, desk: RunDesk, status: RunStatus) -> None:
        """A run in any status but NOT_STARTED is not changed, also when the caller knows it as NOT_STARTED.

        The status that counts is the stored one: the run that was handed in may be old.
        """
        run = desk.new_run(status=status)
        for given in (run, run.with_status(RunStatus.NOT_STARTED)):
            assert desk.submit(given) == run
        assert desk.events_of(run.run_id) == []
        assert desk.launcher.launched == []

    def test_an_unknown_run_is_refused(self, desk: RunDesk) -> None:
        """A run that is not stored gives RunNotFoundError, and nothing is launched.

        Read the run from the instance first.
        """
        with pytest.raises(RunNotFoundError):
            desk.submit(Run(job_name="job"))
        assert desk.launcher.launched == []

    def test_threads_submit_many_runs(self, desk: RunDesk) -> None:
        """Runs that are submitted from several threads are all taken in, each once.

        Look for state of the coordinator that threads share without a lock.
        """
        runs = [[desk.new_run() for _ in range(5)] for _ in range(4)]
        in_threads(lambda number: [desk.submit(run) for run in runs[number]], 4)
        taken_in = Counter(desk.status_of(run.run_id) for some in runs for run in some)
        expected = RunStatus.QUEUED if Ability.KEEPS_A_QUEUE in self.abilities else RunStatus.STARTING
        assert taken_in == {expected: 20}
        launched = Counter(desk.launcher.launched)
        assert set(launched.values()) <= {1}
        assert len(launched) == (0 if Ability.KEEPS_A_QUEUE in self.abilities else 20)

    def test_one_run_is_taken_in_once_by_threads(self, desk: RunDesk) -> None:
        """A run that several threads submit at the same time is taken in by one of them.

        Whether the event that takes the run in was late tells who was first: reading the status before is not enough.
        """
        for _ in range(10):
            run = desk.new_run()
            in_threads(partial(_submit, desk, run), 4)
            records = desk.instance.get_records_for_run(
                run.run_id, of_type=[EventType.RUN_ENQUEUED, EventType.RUN_STARTING]
            ).records
            assert [record.late for record in records].count(False) == 1
            assert desk.launcher.launched.count(run.run_id) <= 1

    def test_an_unknown_run_is_not_canceled(self, desk: RunDesk) -> None:
        """`cancel_run` is False for a run that is not stored.

        It is no error: the run may have been deleted a moment ago.
        """
        assert desk.coordinator.cancel_run("unknown") is False
        assert desk.coordinator.cancel_run("") is False

    @pytest.mark.parametrize("status", sorted({RunStatus.NOT_STARTED, *FINISHED}))
    def test_what_is_not_under_way_is_not_canceled(self, desk: RunDesk, status: RunStatus) -> None:
        """`cancel_run` is False, without an event, for a run that is finished or was never submitted.

        Nobody works on such a run: there is nothing to be told.
        """
        run = desk.new_run(status=status)
        assert desk.coordinator.cancel_run(run.run_id) is False
        assert desk.stored(run.run_id) == run
        assert desk.events_of(run.run_id) == []

    @pytest.mark.parametrize("status", [RunStatus.STARTING, RunStatus.STARTED])
    def test_a_run_under_way_is_canceled_by_the_launcher(self, desk: RunDesk, status: RunStatus) -> None:
        """A run that was launched is terminated by the launcher, once; it is the launcher that says so in the log.

        The coordinator reports nothing by itself here: RUN_CANCELING would stand there twice.
        """
        run = desk.new_run(status=status)
        assert desk.coordinator.cancel_run(run.run_id) is True
        assert desk.launcher.terminated == [run.run_id]
        assert desk.events_of(run.run_id) == [EventType.RUN_CANCELING, EventType.RUN_CANCELED]
        assert desk.status_of(run.run_id) is RunStatus.CANCELED

    def test_a_launcher_that_cannot_is_believed(self, desk: RunDesk) -> None:
        """When the launcher does not reach the worker, `cancel_run` is False and the run goes on.

        Return what `terminate` returns.
        """
        desk.launcher.is_deaf = True
        run = desk.new_run(status=RunStatus.STARTED)
        assert desk.coordinator.cancel_run(run.run_id) is False
        assert desk.stored(run.run_id) == run

    def test_a_submitted_run_can_be_canceled_once(self, desk: RunDesk) -> None:
        """Wherever a submitted run waits, it is CANCELED; canceling it again is False, and it is never launched after that.

        RUN_CANCELING comes before RUN_CANCELED.
        """
        run_id = desk.submit_new()
        launched = list(desk.launcher.launched)
        assert [desk.coordinator.cancel_run(run_id) for _ in range(2)] == [True, False]
        assert desk.status_of(run_id) is RunStatus.CANCELED
        assert desk.events_of(run_id)[-2:] == [EventType.RUN_CANCELING, EventType.RUN_CANCELED]
        if Ability.KEEPS_A_QUEUE in self.abilities:
            desk.serve()
        assert desk.launcher.launched == launched

    @needs(Ability.LAUNCHES_AT_ONCE)
    def test_a_submitted_run_is_launched(self, desk: RunDesk) -> None:
        """The launcher is asked once, with the workspace of the submitter, and the run is STARTING.

        `instance.launch_run(run_id, workspace)` does all of that.
        """
        run, workspace = desk.new_run(), FakeWorkspace()
        assert desk.submit(run, workspace).status is RunStatus.STARTING
        assert desk.launcher.launched == [run.run_id]
        assert desk.launcher.workspaces == [workspace]
        assert desk.events_of(run.run_id) == [EventType.RUN_STARTING]

    @needs(Ability.LAUNCHES_AT_ONCE)
    def test_a_launch_that_fails_is_told(self, desk: RunDesk) -> None:
        """The error of the launcher reaches the submitter; the run ends in FAILURE, with the reason in its log.

        Let the error pass: the instance has seen to the run.
        """
        desk.launcher.errors["job"] = LaunchFailedError("no more processes")
        run = desk.new_run()
        with pytest.raises(LaunchFailedError, match="no more processes"):
            desk.submit(run)
        assert desk.status_of(run.run_id) is RunStatus.FAILURE
        assert "no more processes" in desk.text_of(run.run_id)

    @needs(Ability.KEEPS_A_QUEUE)
    def test_a_submitted_run_waits(self, desk: RunDesk) -> None:
        """A submitted run is QUEUED; one RUN_ENQUEUED says where its code lies and which partition it makes.

        The dequeue loop reads the name of the location from there; submitting asks no launcher.
        """
        run = desk.new_run(location="somewhere", tags={PARTITION: "2020-01-01"})
        assert desk.submit(run).status is RunStatus.QUEUED
        (entry,) = desk.instance.all_logs(run.run_id)
        data = entry.get_event().event_specific_data
        assert isinstance(data, RunEnqueuedData)
        assert (data.code_location_name, data.partition_key) == ("somewhere", "2020-01-01")
        assert desk.launcher.launched == []

    @needs(Ability.KEEPS_A_QUEUE)
    def test_a_queued_run_is_canceled_without_the_launcher(self, desk: RunDesk) -> None:
        """A queued run ends as CANCELED at once, nobody holds it afterwards, and the launcher is not asked.

        There is no worker that the launcher could reach.
        """
        run_id = desk.submit_new()
        assert desk.coordinator.cancel_run(run_id) is True
        record = desk.instance.get_run_record_by_id(run_id)
        assert record is not None
        assert (record.run.status, record.owner) == (RunStatus.CANCELED, None)
        assert desk.launcher.terminated == []

    @needs(Ability.KEEPS_A_QUEUE)
    def test_a_claimed_run_is_canceled(self, desk: RunDesk) -> None:
        """A queued run that a daemon has claimed is canceled as well, and that daemon can no longer launch it.

        A claim does not keep the run from being canceled: the daemon's launch finds that it comes too late.
        """
        run_id = desk.submit_new()
        claim = desk.claim(run_id)
        assert desk.coordinator.cancel_run(run_id) is True
        assert desk.status_of(run_id) is RunStatus.CANCELED
        assert desk.instance.begin_launches([claim]) == []

    @needs(Ability.KEEPS_A_QUEUE)
    def test_runs_are_launched_in_their_turn(self, desk: RunDesk) -> None:
        """The most urgent run goes first, then the one that was stored first; each once.

        Priorities are numbers: 10 comes before 9, and -1 after none.
        """
        priorities = [None, "9", "10", "-1", None, "10"]
        runs = [desk.submit_new(tags={PRIORITY: each} if each else {}) for each in priorities]
        assert desk.drain() == [runs[number] for number in (2, 5, 1, 0, 4, 3)]
        assert {desk.status_of(run_id) for run_id in runs} == {RunStatus.SUCCESS}

    @needs(Ability.KEEPS_A_QUEUE)
    def test_no_more_runs_than_allowed_are_in_progress(self, desk: RunDesk) -> None:
        """`max_concurrent_runs` are launched and no more; when one ends, the next goes.

        Runs of other launchers count as well: everything that is STARTING, STARTED or CANCELING.
        """
        runs = [desk.submit_new() for _ in range(4)]
        for _ in range(2):
            desk.serve()
        assert desk.launcher.launched == runs[: self.max_concurrent_runs]
        desk.end(runs[0])
        desk.serve()
        assert desk.launcher.launched == runs[: self.max_concurrent_runs + 1]

    @needs(Ability.KEEPS_A_QUEUE)
    def test_the_limits_can_be_read(self, desk: RunDesk) -> None:
        """`get_queue_limits` tells what was configured, with and without a workspace, and changes nothing.

        The command line shows them, and a daemon in another process reads them anew for each round.
        """
        assert isinstance(desk.coordinator, SupportsQueue)
        run_id = desk.submit_new()
        read = [desk.coordinator.get_queue_limits(each) for each in (None, FakeWorkspace(), None)]
        assert [limits.max_runs for limits in read] == [self.max_concurrent_runs] * 3
        assert [limits.tag_limits for limits in read] == [()] * 3
        assert desk.events_of(run_id) == [EventType.RUN_ENQUEUED]

    @needs(Ability.KEEPS_A_QUEUE)
    def test_a_run_is_launched_under_a_claim(self, desk: RunDesk) -> None:
        """The launcher gets the claim under which the daemon holds the run: its number, and the daemon as the owner.

        Whoever launches without a claim launches twice when there are two daemons.
        """
        run_id = desk.submit_new()
        desk.serve("this daemon")
        (claim,) = desk.launcher.claims
        record = desk.instance.get_run_record_by_id(run_id)
        assert claim is not None
        assert record is not None
        assert (claim.run_id, claim.owner) == (run_id, "this daemon")
        assert (record.owner, record.epoch) == (claim.owner, claim.epoch)
        assert record.run.status is RunStatus.STARTING

    @needs(Ability.KEEPS_A_QUEUE)
    def test_daemons_launch_each_run_once(self, desk: RunDesk) -> None:
        """Several daemons that serve the queue at the same time launch each run once, and together no more than allowed.

        Claim the runs in one step, with the limits: `run_storage.claim_next`.
        """
        runs = [desk.submit_new() for _ in range(12)]
        while len(desk.launcher.launched) < len(runs):
            before = len(desk.launcher.launched)
            in_threads(lambda number: desk.serve(f"daemon {number}"), 3)
            fresh = desk.launcher.launched[before:]
            assert 0 < len(fresh) <= self.max_concurrent_runs
            for run_id in fresh:
                desk.end(run_id)
        assert sorted(desk.launcher.launched) == sorted(runs)

    @needs(Ability.KEEPS_A_QUEUE)
    def test_a_failed_launch_keeps_nobody(self, desk: RunDesk) -> None:
        """A run that cannot be launched ends in FAILURE, with the reason in its log; the others are launched all the same.

        The round goes on after an error of the launcher: it concerns one run.
        """
        desk.launcher.errors["broken"] = LaunchFailedError("no more processes")
        broken = desk.submit_new("broken")
        runs = [desk.submit_new() for _ in range(3)]
        assert desk.drain() == runs
        assert desk.status_of(broken) is RunStatus.FAILURE
        assert "no more processes" in desk.text_of(broken)

    @needs(Ability.KEEPS_A_QUEUE)
    def test_a_run_without_code_is_not_stuck(self, desk: RunDesk) -> None:
        """A run whose code cannot be loaded waits on, or ends with the reason in its log; runs of other code are launched.

        It must not stay STARTING: nobody works on it.
        """
        desk.launcher.errors["away"] = LocationUnavailableError("there", "no such file jobs.py")
        away = desk.submit_new("away", location="there")
        runs = [desk.submit_new() for _ in range(3)]
        assert desk.drain() == runs
        assert desk.status_of(away) in {RunStatus.QUEUED, RunStatus.FAILURE}
        assert "no such file jobs.py" in desk.text_of(away)

    @needs(Ability.KEEPS_A_QUEUE)
    def test_a_stopping_daemon_leaves_the_rest(self, desk: RunDesk) -> None:
        """A daemon that is asked to stop launches nothing more; what it has claimed can be launched by another at once.

        Ask `is_stopping` before each launch, and give back the claims that are left.
        """
        runs = [desk.submit_new() for _ in range(4)]
        desk.serve("stopped", stops_after=1)
        launched = list(desk.launcher.launched)
        assert len(launched) <= 1
        assert [desk.status_of(run_id) for run_id in runs if run_id not in launched] == [RunStatus.QUEUED] * (
            4 - len(launched)
        )
        for run_id in launched:
            desk.end(run_id)
        assert sorted(desk.drain()) == sorted(runs)

    @needs(Ability.KEEPS_A_QUEUE)
    def test_a_run_goes_back_to_the_queue(self, desk: RunDesk) -> None:
        """`requeue_run` makes a run that is STARTING wait again, with the reason in its log, and then it is launched.

        This is how monitoring saves the runs of a daemon that died between claiming and launching.
        """
        assert isinstance(desk.coordinator, SupportsQueue)
        run_id = desk.submit_new()
        run, claim = desk.start(run_id)
        assert desk.coordinator.requeue_run(run, "Its daemon has died.", claim.epoch) is True
        assert desk.status_of(run_id) is RunStatus.QUEUED
        assert "Its daemon has died." in desk.text_of(run_id)
        desk.instance.run_storage.release(claim)
        assert desk.drain() == [run_id]

    @needs(Ability.KEEPS_A_QUEUE)
    def test_an_old_epoch_puts_nothing_back(self, desk: RunDesk) -> None:
        """With an epoch that is older than the run's, `requeue_run` is False and the run goes on with its new owner.

        Hand the epoch to `handle_new_events`: an event of an old one is late.
        """
        assert isinstance(desk.coordinator, SupportsQueue)
        run_id = desk.submit_new()
        run, claim = desk.start(run_id)
        assert desk.coordinator.requeue_run(run, "late", claim.epoch - 1) is False
        assert desk.status_of(run_id) is RunStatus.STARTING

    @needs(Ability.KEEPS_A_QUEUE)
    @pytest.mark.parametrize("status", sorted({RunStatus.STARTED, RunStatus.CANCELING, *FINISHED}))
    def test_what_a_worker_has_is_not_put_back(self, desk: RunDesk, status: RunStatus) -> None:
        """`requeue_run` is False for a run that a worker has taken up or that is over, and its status stays.

        The status that counts is the stored one: the caller may know the run as STARTING.
        """
        assert isinstance(desk.coordinator, SupportsQueue)
        run = desk.new_run(status=status)
        assert desk.coordinator.requeue_run(replace(run, status=RunStatus.STARTING), "late") is False
        assert desk.status_of(run.run_id) is status


def _submit(desk: RunDesk, run: Run, _number: int) -> None:
    desk.submit(run)
