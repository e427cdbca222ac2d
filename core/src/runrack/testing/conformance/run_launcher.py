"""RunLauncherConformance: what it means to start the worker of a run, and to stop it."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from runrack.errors import ConflictError, InvalidDefinitionError, LaunchFailedError, StaleClaimError
from runrack.instance.instance import Instance
from runrack.interfaces.run_launcher import (
    RunLauncher,
    SupportsCheckRunWorkerHealth,
    SupportsResumeRun,
    WorkerStatus,
)
from runrack.interfaces.workspace import Workspace
from runrack.records.event_type import EventType
from runrack.records.run import Run
from runrack.records.run_status import ACTIVE, FINISHED, RunStatus
from runrack.testing.conformance.awkward_names import AWKWARD_TAGS
from runrack.testing.conformance.configured_part import ConfiguredPartConformance
from runrack.testing.conformance.suite import Ability, in_threads, needs
from runrack.testing.launch_jobs import FIRST_STEP
from runrack.testing.launch_site import LaunchSite, count_resources
from runrack.testing.launching import open_on_files
from runrack.workspace.process_workspace import ProcessWorkspace

_NOT_UNDER_WAY = sorted({RunStatus.NOT_STARTED, RunStatus.QUEUED, *FINISHED})
_ENDS = (EventType.RUN_SUCCESS, EventType.RUN_FAILURE, EventType.RUN_CANCELED)


class RunLauncherConformance(ConfiguredPartConformance[Any]):
    """The tests for a run launcher. An implementer supplies `make_launcher` and declares abilities.

    The abilities are `RUNS_IN_BACKGROUND`, `TERMINATES_RUNS`, `CHECKS_WORKER_HEALTH` and `RESUMES_RUNS`; the last two need
    `kill_worker`. The workers execute the jobs of `runrack.testing.launch_jobs`: runrack is installed where they are.
    """

    patience_seconds = 60.0
    """How long a test waits for what should come, such as the start of a worker."""

    @abstractmethod
    def make_launcher(self) -> RunLauncher:
        """Return a new launcher."""

    def make_instance(self, launcher: RunLauncher, folder: Path) -> Instance:
        """Return an instance with the launcher, which its workers can open as well.

        By default its data lie in files of a folder, in the default storage: that takes the distributions `runrack-sqlite`
        and `runrack-local`. Workers on other machines need another.
        """
        attempts = 1 if Ability.RESUMES_RUNS in self.abilities else 0
        settings = {"run_monitoring": {"max_resume_run_attempts": attempts}}
        return open_on_files(folder, settings, run_launcher=launcher)

    def kill_worker(self, site: LaunchSite, run_id: str) -> None:
        """End the worker of a run that waits at once, as when its machine fails: it does and reports nothing any more."""
        raise InvalidDefinitionError(
            f"{type(self).__name__} declares an ability for which it has to define kill_worker(site, run_id):"
            f" how to kill a worker of {type(site.launcher).__name__}, such as that of run {run_id}"
        )

    @property
    @override
    def interface(self) -> type[RunLauncher]:
        return RunLauncher

    @override
    def make_storage(self, tmp_path: Path) -> RunLauncher:
        return self.make_launcher()

    @contextmanager
    def open_site(self, folder: Path, workspace: Workspace) -> Iterator[LaunchSite]:
        """Return a context with a new launcher in an instance below a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        with self.make_instance(self.make_launcher(), folder) as instance:
            site = LaunchSite(instance, workspace, self.patience_seconds)
            try:
                yield site
            finally:
                site.close()

    @pytest.fixture(scope="class")
    @classmethod
    def workspace(cls) -> Iterator[Workspace]:
        """Where the code of the runs is loaded from: once for all tests."""
        workspace = ProcessWorkspace()
        yield workspace
        workspace.close()

    @pytest.fixture
    def site(self, tmp_path: Path, workspace: Workspace) -> Iterator[LaunchSite]:
        """A new launcher in an instance."""
        with self.open_site(tmp_path / "home", workspace) as site:
            yield site

    def test_it_declares_what_it_can_do(self, site: LaunchSite) -> None:
        """The abilities of the suite are those of the class.

        Look at the methods of SupportsCheckRunWorkerHealth and SupportsResumeRun: monitoring asks whether they are there.
        """
        checks, resumes = (
            Ability.CHECKS_WORKER_HEALTH in self.abilities,
            Ability.RESUMES_RUNS in self.abilities,
        )
        assert isinstance(site.launcher, SupportsCheckRunWorkerHealth) == checks
        assert isinstance(site.launcher, SupportsResumeRun) == resumes

    def test_a_run_is_executed(self, site: LaunchSite) -> None:
        """A launched run is executed by one worker, from STARTING to SUCCESS.

        Look at what the worker is told: the run's id and what opens the instance are enough to execute it.
        """
        run = site.new_run()
        assert site.launch(run).run_id == run.run_id
        assert site.wait_for_end(run.run_id) is RunStatus.SUCCESS
        site.launch_another()
        assert site.count(run.run_id) == 1
        moves = (EventType.RUN_STARTING, EventType.RUN_START, EventType.RUN_SUCCESS)
        assert [record.event_type for record in site.events(run.run_id, *moves)] == list(moves)

    def test_a_run_that_fails_is_no_error_of_the_launcher(self, site: LaunchSite) -> None:
        """A run whose op raises ends in FAILURE; launching it raises nothing, and the next run is launched as well.

        Errors of the user's code stay in the log of the run.
        """
        failing = site.new_run("failing")
        site.launch(failing)
        assert site.wait_for_end(failing.run_id) is RunStatus.FAILURE
        site.launch_another()

    def test_code_that_cannot_be_loaded_fails_the_run(self, site: LaunchSite) -> None:
        """A run whose code cannot be loaded ends in FAILURE, with the reason in its log; an error, if any, is a LaunchFailedError.

        Let LocationUnavailableError pass, or let the worker report it.
        """
        run = site.new_run(module="surely_no_module")
        with suppress(LaunchFailedError):
            site.launch(run)
        assert site.wait_for_end(run.run_id) is RunStatus.FAILURE
        assert "surely_no_module" in site.text_of(run.run_id)

    def test_a_run_keeps_its_tags(self, site: LaunchSite) -> None:
        """Tags of any text reach the end of the run as they were.

        Pass the run's id to the worker, not what the run holds: no command line and no label of a container takes any text.
        """
        run = site.new_run(tags=AWKWARD_TAGS)
        site.launch(run)
        assert site.wait_for_end(run.run_id) is RunStatus.SUCCESS
        tags = site.stored(run.run_id).tags
        assert {**tags, **AWKWARD_TAGS} == tags

    def test_threads_launch_many_runs(self, site: LaunchSite) -> None:
        """Runs that are launched from several threads are all executed, each by one worker.

        A queue with `dequeue_use_threads` does this. Look for state of the launcher that threads share without a lock.
        """
        runs = [site.new_run() for _ in range(6)]
        in_threads(lambda number: site.launch(runs[number]), len(runs))
        assert {site.wait_for_end(run.run_id) for run in runs} == {RunStatus.SUCCESS}
        assert [site.count(run.run_id) for run in runs] == [1] * len(runs)

    def test_one_run_is_launched_once(self, site: LaunchSite) -> None:
        """A run that several ask for at the same time is executed by one worker; the others get a ConflictError, or nothing.

        Claim the run before the worker is started: `run_storage.claim(owner, seconds, run_ids=[...], status=run.status)`.
        """
        run, _ = site.new_claimed_run("waiting")
        site.release(run.run_id)
        asked = [site.begin(site.ask_launcher, run) for _ in range(4)]
        site.wait_for_worker(run.run_id)
        site.launch_another()
        assert site.count(run.run_id) == 1
        site.let_go(run.run_id)
        assert site.wait_for_end(run.run_id) is RunStatus.SUCCESS
        errors = [launch.exception(self.patience_seconds) for launch in asked]
        assert [error for error in errors if not isinstance(error, ConflictError | None)] == []

    def test_a_run_under_way_is_not_launched_again(self, site: LaunchSite) -> None:
        """A run that has a worker gets no second one, and goes on.

        A worker that is there holds the run: a claim on it gives nothing.
        """
        run = site.begin_waiting()
        with suppress(ConflictError):
            site.ask_launcher(run)
        site.launch_another()
        assert site.count(run.run_id) == 1
        site.let_go(run.run_id)
        assert site.wait_for_end(run.run_id) is RunStatus.SUCCESS

    def test_the_claim_passes_to_the_worker(self, site: LaunchSite) -> None:
        """The worker of a run that a daemon launches holds it under the daemon's claim, in its own name.

        The worker renews it: `run_storage.renew(claim, seconds, owner)`. A run that nobody renews goes back to the queue.
        """
        run, claim = site.new_claimed_run("waiting")
        launch = site.begin(site.launch_claimed, run, claim)
        site.wait_for_worker(run.run_id, launch)
        record = site.record(run.run_id)
        assert record.epoch == claim.epoch
        assert record.owner not in {None, claim.owner}
        site.let_go(run.run_id)
        assert site.wait_for_end(run.run_id) is RunStatus.SUCCESS

    def test_a_lost_claim_launches_nothing(self, site: LaunchSite) -> None:
        """A run whose claim another has by now is not launched: StaleClaimError.

        Renew the claim that was given before anything is started.
        """
        run, claim = site.new_claimed_run()
        site.take_away(run.run_id)
        with pytest.raises(StaleClaimError):
            site.launch_claimed(run, claim)
        assert site.count(run.run_id) == 0
        assert site.stored(run.run_id).status is RunStatus.STARTING
        site.cancel_for_good(run.run_id)

    def test_a_late_worker_changes_nothing(self, site: LaunchSite) -> None:
        """When another has taken the run, what its former worker still reports is late: the run is the other's.

        Give the number of the claim to `execute_run`, which writes every event under it.
        """
        run, claim = site.new_claimed_run("waiting")
        launch = site.begin(site.launch_claimed, run, claim)
        site.wait_for_worker(run.run_id, launch)
        taken = site.take_away(run.run_id)
        site.let_go(run.run_id)
        site.wait_until(lambda: bool(site.events(run.run_id, *_ENDS)), "the end of the former worker")
        assert [record.late for record in site.events(run.run_id, *_ENDS)] == [True]
        record = site.record(run.run_id)
        assert (record.run.status, record.owner, record.epoch) == (
            RunStatus.STARTED,
            "another",
            taken.epoch,
        )
        site.cancel_for_good(run.run_id)

    def test_a_run_that_was_canceled_meanwhile_is_not_executed(self, site: LaunchSite) -> None:
        """A run that is to be canceled before its worker begins ends in CANCELED, and no step of it is executed.

        Let the worker read the run anew: what the launcher was given may be old by then. `execute_run` does the rest.
        """
        run, claim = site.new_claimed_run()
        site.instance.report_run_canceling(run)
        site.launch_claimed(run, claim)
        assert site.wait_for_end(run.run_id) is RunStatus.CANCELED
        assert site.count(run.run_id) == 0

    def test_an_unknown_run_is_not_terminated(self, site: LaunchSite) -> None:
        """`terminate` is False for a run that is not stored.

        It is no error: the run may have been deleted a moment ago.
        """
        assert site.launcher.terminate("unknown") is False
        assert site.launcher.terminate("") is False

    @pytest.mark.parametrize("status", _NOT_UNDER_WAY)
    def test_what_is_not_under_way_is_not_terminated(self, site: LaunchSite, status: RunStatus) -> None:
        """`terminate` is False, without an event, for a run that was not launched or is over.

        Read the stored status first.
        """
        run = site.new_run(status=status)
        assert site.launcher.terminate(run.run_id) is False
        assert site.stored(run.run_id) == run
        assert site.events(run.run_id) == []

    def test_a_run_without_a_worker_is_ended_or_left_alone(self, site: LaunchSite) -> None:
        """Of a run that nobody holds, `terminate` says True and it is canceled, or False and nothing has changed.

        There is nobody who would report RUN_CANCELED later: the launcher does, after RUN_CANCELING.
        """
        run = site.new_run(status=RunStatus.STARTED)
        self._check_answer(site, run, told=site.launcher.terminate(run.run_id))

    def test_a_run_of_another_launcher_is_ended_or_left_alone(self, site: LaunchSite) -> None:
        """Of a run that another launcher has started, `terminate` says True and it is canceled, or False and it goes on.

        A command line that cancels a run is another process than the one that launched it.
        """
        run = site.begin_waiting()
        other = self.make_launcher()
        other.register_instance(site.instance)
        told = other.terminate(run.run_id)
        self._check_answer(site, run, told=told)
        site.let_go(run.run_id)
        assert site.wait_for_end(run.run_id) is (RunStatus.CANCELED if told else RunStatus.SUCCESS)
        other.dispose()

    @needs(Ability.TERMINATES_RUNS)
    def test_a_terminated_run_is_canceled(self, site: LaunchSite) -> None:
        """A run that is terminated ends as CANCELED, RUN_CANCELING first; other runs go on.

        Report RUN_CANCELING before the worker is told: it may be the first to end.
        """
        run, other = site.begin_waiting(), site.begin_waiting()
        assert site.launcher.terminate(run.run_id) is True
        self._check_answer(site, run, told=True)
        assert site.stored(other.run_id).status is RunStatus.STARTED
        site.let_go(other.run_id)
        assert site.wait_for_end(other.run_id) is RunStatus.SUCCESS
        assert site.launcher.terminate(run.run_id) is False

    @needs(Ability.TERMINATES_RUNS)
    def test_terminating_again_reports_nothing_new(self, site: LaunchSite) -> None:
        """A run that is being canceled can be terminated again; RUN_CANCELING stands in its log once.

        Report it only when the stored status is not CANCELING yet.
        """
        run = site.begin_waiting()
        site.instance.report_run_canceling(run)
        site.launcher.terminate(run.run_id)
        self._check_answer(site, run, told=True)

    @needs(Ability.RUNS_IN_BACKGROUND)
    def test_launching_does_not_wait(self, site: LaunchSite) -> None:
        """Launching returns while the run goes on.

        A daemon launches the next run meanwhile.
        """
        run = site.new_run("waiting")
        returned = site.begin(site.launch, run).result(self.patience_seconds)
        assert returned.status in ACTIVE
        site.wait_for_worker(run.run_id)
        assert site.stored(run.run_id).status is RunStatus.STARTED
        site.let_go(run.run_id)
        assert site.wait_for_end(run.run_id) is RunStatus.SUCCESS

    def test_nothing_is_left(self, tmp_path: Path, workspace: Workspace) -> None:
        """After a launcher is closed, twice, there are no more open files, threads and processes than after one before it.

        Look for pipes, sockets and processes of runs that are over, and for threads that wait for them.
        """
        self._work_and_close(tmp_path / "first", workspace)
        before = count_resources()
        site = self._work_and_close(tmp_path / "second", workspace)
        site.wait_until(
            lambda: all(now <= then for now, then in zip(count_resources(), before, strict=True)),
            f"no more open files, threads and processes than {before}",
        )

    @needs(Ability.CHECKS_WORKER_HEALTH)
    def test_a_worker_that_is_there_is_running(self, site: LaunchSite) -> None:
        """The verdict on a worker that executes its run is RUNNING, it names the worker, and nothing is written.

        Monitoring asks again and again: asking changes nothing.
        """
        assert isinstance(site.launcher, SupportsCheckRunWorkerHealth)
        run = site.begin_waiting()
        before = len(site.events(run.run_id))
        health = site.launcher.check_run_worker_health(run)
        assert health.status is WorkerStatus.RUNNING
        assert health.run_worker_id
        assert len(site.events(run.run_id)) == before

    @needs(Ability.CHECKS_WORKER_HEALTH)
    def test_a_worker_that_is_done_is_not_running(self, site: LaunchSite) -> None:
        """The verdict on the worker of a run that has succeeded is SUCCESS or NOT_FOUND, also for who knows the run as STARTED.

        The stored status counts: a worker that is gone because it is done has not failed.
        """
        assert isinstance(site.launcher, SupportsCheckRunWorkerHealth)
        run = site.begin_waiting()
        site.let_go(run.run_id)
        site.wait_for_end(run.run_id)
        health = site.launcher.check_run_worker_health(run)
        assert health.status in {WorkerStatus.SUCCESS, WorkerStatus.NOT_FOUND}

    @needs(Ability.CHECKS_WORKER_HEALTH)
    def test_a_worker_that_was_killed_is_noticed(self, site: LaunchSite) -> None:
        """After a worker was killed the verdict is FAILED or NOT_FOUND, or its run has ended in FAILURE already.

        Ask for the worker itself, not for what it said last.
        """
        launcher = site.launcher
        assert isinstance(launcher, SupportsCheckRunWorkerHealth)
        run = site.begin_waiting()
        self.kill_worker(site, run.run_id)
        lost = {WorkerStatus.FAILED, WorkerStatus.NOT_FOUND}

        def is_noticed() -> bool:
            ended = site.stored(run.run_id).status is RunStatus.FAILURE
            return ended or launcher.check_run_worker_health(run).status in lost

        site.wait_until(is_noticed, f"a verdict on the killed worker of run {run.run_id}")
        site.cancel_for_good(run.run_id)

    @needs(Ability.CHECKS_WORKER_HEALTH)
    def test_a_worker_that_never_was_is_not_found(self, site: LaunchSite) -> None:
        """The verdict on a run that is not stored is NOT_FOUND, as on one that is under way and has no worker; or UNKNOWN.

        An error would end the round of monitoring for all other runs.
        """
        assert isinstance(site.launcher, SupportsCheckRunWorkerHealth)
        for run in (Run(job_name="quick"), site.new_run(status=RunStatus.STARTED)):
            health = site.launcher.check_run_worker_health(run)
            assert health.status in {WorkerStatus.NOT_FOUND, WorkerStatus.UNKNOWN}

    @needs(Ability.RESUMES_RUNS)
    def test_a_run_is_taken_up(self, site: LaunchSite) -> None:
        """A run whose worker died is executed to its end by a new worker, without the steps that have succeeded.

        The new worker calls `execute_run` with `resumes`, under a claim of its own.
        """
        run = site.begin_waiting()
        epoch = site.record(run.run_id).epoch
        self.kill_worker(site, run.run_id)
        site.release(run.run_id)
        site.begin(site.resume, run.run_id).result(self.patience_seconds)
        site.wait_until(lambda: site.count(run.run_id) == 2, f"a second worker of run {run.run_id}")
        assert site.record(run.run_id).epoch > epoch
        site.let_go(run.run_id)
        assert site.wait_for_end(run.run_id) is RunStatus.SUCCESS
        assert site.count(run.run_id, FIRST_STEP) == 1

    @needs(Ability.RESUMES_RUNS)
    def test_a_run_that_has_a_worker_is_not_taken_up(self, site: LaunchSite) -> None:
        """Taking up a run whose worker lives is a ConflictError; the run goes on with the worker that it has.

        Claim the run first: its worker holds it.
        """
        run = site.begin_waiting()
        with pytest.raises(ConflictError):
            site.resume(run.run_id)
        site.let_go(run.run_id)
        assert site.wait_for_end(run.run_id) is RunStatus.SUCCESS
        assert site.count(run.run_id) == 1

    def _work_and_close(self, folder: Path, workspace: Workspace) -> LaunchSite:
        with self.open_site(folder, workspace) as site:
            for job_name in ("quick", "failing", "quick"):
                run = site.new_run(job_name)
                site.launch(run)
                site.wait_for_end(run.run_id)
        site.launcher.dispose()
        return site

    def _check_answer(self, site: LaunchSite, run: Run, *, told: bool) -> None:
        """Check that a run which `terminate` was asked for is as the answer says."""
        if not told:
            assert site.stored(run.run_id).status is run.status
            assert site.events(run.run_id, EventType.RUN_CANCELING, *_ENDS) == []
            return
        assert site.wait_for_end(run.run_id) is RunStatus.CANCELED
        types = [each.event_type for each in site.events(run.run_id, EventType.RUN_CANCELING, *_ENDS)]
        assert types == [EventType.RUN_CANCELING, EventType.RUN_CANCELED]
