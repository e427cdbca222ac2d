"""The suite of run launchers rejects launchers that are wrong in one point. They have threads for workers, which are quick."""

import os
import shutil
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import uuid4

import pytest
from typing_extensions import override

from runrack.errors import ConflictError, LocationUnavailableError, RunNotFoundError, RunrackError
from runrack.host.configurable import ConfigurableClass
from runrack.interfaces.run_launcher import CheckRunHealthResult, RunLauncher, WorkerStatus
from runrack.records.event import Event, event_entry
from runrack.records.event_type import EventType
from runrack.records.run_status import ACTIVE, RunStatus
from runrack.testing.conformance.run_launcher import RunLauncherConformance
from runrack.testing.conformance.suite import Ability
from runrack.testing.launch_jobs import ARRIVED, FIRST_STEP, MAY_GO
from runrack.testing.launching import open_in_memory
from runrack.testing.location import FakeWorkspace
from runrack.testing.wrong_implementations import find_accepted, suites_of

LOOK_SECONDS = 0.002

LEFT = ExitStack()
"""Removes what wrong launchers leave behind."""


class Worker(threading.Thread):
    """Says what the worker of one of the jobs of the suite would say."""

    def __init__(self, instance, run, claim, resumes):
        super().__init__(name=f"worker {run.run_id}", daemon=True)
        self.instance = instance
        self.run_record = run
        self.epoch = claim and claim.epoch
        self.resumes = resumes
        self.told = threading.Event()
        self.killed = threading.Event()

    @override
    def run(self):
        with suppress(RunrackError):  # a worker too many, whose test is over
            self.work()

    def work(self):
        if self.is_canceled():
            self.report(EventType.RUN_CANCELED)
            return
        if not self.resumes:
            self.report(EventType.RUN_START)
            if self.run_record.job_name == "waiting":
                self.say(FIRST_STEP)
        self.say(ARRIVED)
        if self.run_record.job_name == "waiting":
            self.wait()
        if self.killed.is_set():
            return
        ended = EventType.RUN_FAILURE if self.run_record.job_name == "failing" else EventType.RUN_SUCCESS
        self.report(EventType.RUN_CANCELED if self.told.is_set() else ended)

    def is_canceled(self):
        return self.instance.get_run_by_id(self.run_record.run_id).status is RunStatus.CANCELING

    def wait(self):
        while MAY_GO not in self.instance.get_run_by_id(self.run_record.run_id).tags:
            if self.killed.is_set() or self.told.wait(LOOK_SECONDS):
                return

    def report(self, event_type):
        entry = event_entry(Event(event_type, self.run_record.job_name), self.run_record.run_id)
        self.instance.handle_new_events([entry], epoch=self.epoch)

    def say(self, message):
        self.instance.report_engine_event(message, self.run_record)


class ThreadLauncher(RunLauncher, ConfigurableClass):
    """Gives each run a worker that is a thread, and does all that a launcher may do."""

    worker_class = Worker

    def __init__(self, inst_data=None):
        self._inst_data = inst_data
        self.workers = {}

    @classmethod
    @override
    def config_type(cls):
        return {}

    @classmethod
    @override
    def from_config_value(cls, inst_data, config_value):
        return cls(inst_data)

    @override
    def launch_run(self, context):
        self.load(context.run)
        claim = self.take(context.run, context.claim)
        if claim is not None:
            self.start(context.run, claim)

    def load(self, run):
        module = run.job_code_origin.module
        if module == "surely_no_module":
            raise LocationUnavailableError("here", f"no module named {module}")

    def take(self, run, given):
        owner = f"thread {uuid4()}"
        runs = self.instance.run_storage
        if given is not None:
            return runs.renew(given, 60, owner)
        claims = runs.claim(owner, 60, run_ids=[run.run_id], status=run.status)
        return claims[0] if claims else None

    def start(self, run, claim, *, resumes=False):
        worker = self.worker_class(self.instance, run, claim, resumes)
        self.workers[run.run_id] = worker
        worker.start()

    @override
    def terminate(self, run_id):
        run = self.instance.get_run_by_id(run_id)
        worker = self.workers.get(run_id)
        if run is None or run.status not in ACTIVE or worker is None:
            return False
        if run.status is not RunStatus.CANCELING:
            self.instance.report_run_canceling(run)
        worker.told.set()
        return True

    def check_run_worker_health(self, run):
        stored = self.instance.get_run_by_id(run.run_id)
        worker = self.workers.get(run.run_id)
        if stored is None or worker is None:
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND)
        if stored.is_finished:
            return CheckRunHealthResult(WorkerStatus.SUCCESS)
        status = WorkerStatus.RUNNING if worker.is_alive() else WorkerStatus.FAILED
        return CheckRunHealthResult(status, run_worker_id=worker.name)

    def resume_run(self, context):
        claim = self.take(context.run, context.claim)
        if claim is None:
            raise ConflictError("a worker holds the run")
        self.start(context.run, claim, resumes=True)


class ThreadSuite(RunLauncherConformance):
    """What a launcher with threads has to pass."""

    launcher_class = ThreadLauncher
    abilities = frozenset(
        {
            Ability.RUNS_IN_BACKGROUND,
            Ability.TERMINATES_RUNS,
            Ability.CHECKS_WORKER_HEALTH,
            Ability.RESUMES_RUNS,
        }
    )

    def make_launcher(self):
        return self.launcher_class()

    def make_instance(self, launcher, folder):
        return open_in_memory(run_launcher=launcher)

    def kill_worker(self, site, run_id):
        worker = site.launcher.workers[run_id]
        worker.killed.set()
        worker.join()


class TestThreadLauncher(ThreadSuite):
    """A launcher that has nothing to do with processes passes, too."""


class StartsTwoWorkers(ThreadLauncher):
    @override
    def start(self, run, claim, *, resumes=False):
        super().start(run, claim, resumes=resumes)
        super().start(run, claim, resumes=resumes)
        self.workers[run.run_id].join()  # however busy the machine is, the second one has been there


class RaisesErrorsOfTheRun(ThreadLauncher):
    @override
    def launch_run(self, context):
        super().launch_run(context)
        if context.run.job_name == "failing":
            raise ValueError("this op fails")


class LosesWhatCannotBeLoaded(ThreadLauncher):
    @override
    def launch_run(self, context):
        with suppress(LocationUnavailableError):
            super().launch_run(context)


class RaisesWhatItMeets(ThreadLauncher):
    @override
    def load(self, run):
        if run.job_code_origin.module == "surely_no_module":
            raise ModuleNotFoundError("surely_no_module")


class PutsTagsOnACommandLine(ThreadLauncher):
    @override
    def load(self, run):
        for key, value in run.tags.items():
            (key + value).encode("ascii")
        super().load(run)


class RemembersOneRunAtATime(ThreadLauncher):
    def __init__(self, inst_data=None):
        super().__init__(inst_data)
        self.barrier = threading.Barrier(2, timeout=0.2)

    @override
    def launch_run(self, context):
        self.context = context
        with suppress(threading.BrokenBarrierError):
            self.barrier.wait()
        super().launch_run(self.context)


class ClaimsNothing(ThreadLauncher):
    @override
    def take(self, run, given):
        return super().take(run, given) if given is not None else False

    @override
    def start(self, run, claim, *, resumes=False):
        super().start(run, claim or None, resumes=resumes)


class LaunchesWhatIsUnderWay(ThreadLauncher):
    @override
    def launch_run(self, context):
        super().launch_run(context)
        if context.run.status is RunStatus.STARTED:
            self.start(context.run, None)


class LeavesTheClaimWithTheCaller(ThreadLauncher):
    @override
    def take(self, run, given):
        return given if given is not None else super().take(run, given)


class TakesARunWithoutItsClaim(ThreadLauncher):
    @override
    def take(self, run, given):
        with suppress(ConflictError):
            return super().take(run, given)
        return given


class WritesUnderNoClaim(ThreadLauncher):
    @override
    def start(self, run, claim, *, resumes=False):
        super().start(run, None, resumes=resumes)


class HearsNothingBeforeItBegins(ThreadLauncher):
    class worker_class(Worker):  # noqa: N801 - as the attribute that it is
        @override
        def is_canceled(self):
            return False


class TerminatesWhatItDoesNotKnow(ThreadLauncher):
    @override
    def terminate(self, run_id):
        return super().terminate(run_id) or self.instance.get_run_by_id(run_id) is None


class RaisesForWhatItDoesNotKnow(ThreadLauncher):
    @override
    def terminate(self, run_id):
        if self.instance.get_run_by_id(run_id) is None:
            raise RunNotFoundError(run_id)
        return super().terminate(run_id)


class ReportsBeforeItLooks(ThreadLauncher):
    @override
    def terminate(self, run_id):
        run = self.instance.get_run_by_id(run_id)
        if run is not None and run.status is RunStatus.QUEUED:
            self.instance.report_run_canceling(run)
        return super().terminate(run_id)


class SaysThatFinishedRunsWereTold(ThreadLauncher):
    @override
    def terminate(self, run_id):
        run = self.instance.get_run_by_id(run_id)
        return super().terminate(run_id) or (run is not None and run.is_finished)


class CancelsHalfOfARunWithoutAWorker(ThreadLauncher):
    @override
    def terminate(self, run_id):
        run = self.instance.get_run_by_id(run_id)
        if run is not None and run.status in ACTIVE and run_id not in self.workers:
            self.instance.report_run_canceling(run)
        return super().terminate(run_id)


class PromisesForOthers(ThreadLauncher):
    @override
    def terminate(self, run_id):
        run = self.instance.get_run_by_id(run_id)
        return super().terminate(run_id) or (run is not None and run.status in ACTIVE)


class TellsTheWorkerFirst(ThreadLauncher):
    @override
    def terminate(self, run_id):
        worker = self.workers.get(run_id)
        run = self.instance.get_run_by_id(run_id)
        if worker is None or run.status not in ACTIVE:
            return False
        worker.told.set()
        worker.join()
        self.instance.report_run_canceling(run)
        return True


class TellsEveryWorker(ThreadLauncher):
    @override
    def terminate(self, run_id):
        for worker in self.workers.values():
            worker.told.set()
            worker.join() if worker.run_record.run_id != run_id else None
        return super().terminate(run_id)


class ReportsTheCancelingAgain(ThreadLauncher):
    @override
    def terminate(self, run_id):
        run = self.instance.get_run_by_id(run_id)
        if run is not None and run.status is RunStatus.CANCELING:
            self.instance.report_run_canceling(run)
        return super().terminate(run_id)


class WaitsForTheRun(ThreadLauncher):
    @override
    def start(self, run, claim, *, resumes=False):
        super().start(run, claim, resumes=resumes)
        self.workers[run.run_id].join()


class LeavesThreads(ThreadLauncher):
    @override
    def launch_run(self, context):
        over = threading.Event()
        thread = threading.Thread(target=over.wait)
        thread.start()
        LEFT.callback(thread.join)
        LEFT.callback(over.set)
        super().launch_run(context)


class LeavesPipes(ThreadLauncher):
    @override
    def launch_run(self, context):
        for end in os.pipe():
            LEFT.callback(os.close, end)
        super().launch_run(context)


class LeavesProcesses(ThreadLauncher):
    @override
    def launch_run(self, context):
        LEFT.callback(os.waitpid, os.posix_spawn(shutil.which("true"), ["true"], {}), 0)
        super().launch_run(context)


class SaysThatAllIsWell(ThreadLauncher):
    @override
    def check_run_worker_health(self, run):
        health = super().check_run_worker_health(run)
        is_lost = health.status is WorkerStatus.FAILED
        return CheckRunHealthResult(WorkerStatus.RUNNING) if is_lost else health


class TakesTheEndForAFailure(ThreadLauncher):
    @override
    def check_run_worker_health(self, run):
        worker = self.workers.get(run.run_id)
        if worker is not None and not worker.killed.is_set():
            worker.join(0.05)
            status = WorkerStatus.RUNNING if worker.is_alive() else WorkerStatus.FAILED
            return CheckRunHealthResult(status, run_worker_id="x")
        return super().check_run_worker_health(run)


class WritesWhenItIsAsked(ThreadLauncher):
    @override
    def check_run_worker_health(self, run):
        self.instance.report_engine_event("asked", run)
        return super().check_run_worker_health(run)


class RaisesForAWorkerThatNeverWas(ThreadLauncher):
    @override
    def check_run_worker_health(self, run):
        if run.run_id not in self.workers:
            raise RunNotFoundError(run.run_id)
        return super().check_run_worker_health(run)


class NamesNoWorker(ThreadLauncher):
    @override
    def check_run_worker_health(self, run):
        return CheckRunHealthResult(super().check_run_worker_health(run).status)


class BeginsAnew(ThreadLauncher):
    @override
    def start(self, run, claim, *, resumes=False):
        super().start(run, claim)


class TakesUpUnderTheOldClaim(ThreadLauncher):
    @override
    def resume_run(self, context):
        self.start(context.run, None, resumes=True)


class TakesUpWhatHasAWorker(ThreadLauncher):
    @override
    def resume_run(self, context):
        claim = self.take(context.run, context.claim)
        self.start(context.run, claim, resumes=True)


class CannotTakeUp(ThreadLauncher):
    resume_run = None


MUTANTS = {
    StartsTwoWorkers: "test_a_run_is_executed",
    RaisesErrorsOfTheRun: "test_a_run_that_fails_is_no_error_of_the_launcher",
    LosesWhatCannotBeLoaded: "test_code_that_cannot_be_loaded_fails_the_run",
    RaisesWhatItMeets: "test_code_that_cannot_be_loaded_fails_the_run",
    PutsTagsOnACommandLine: "test_a_run_keeps_its_tags",
    RemembersOneRunAtATime: "test_threads_launch_many_runs",
    ClaimsNothing: "test_one_run_is_launched_once",
    LaunchesWhatIsUnderWay: "test_a_run_under_way_is_not_launched_again",
    LeavesTheClaimWithTheCaller: "test_the_claim_passes_to_the_worker",
    TakesARunWithoutItsClaim: "test_a_lost_claim_launches_nothing",
    WritesUnderNoClaim: "test_a_late_worker_changes_nothing",
    HearsNothingBeforeItBegins: "test_a_run_that_was_canceled_meanwhile_is_not_executed",
    TerminatesWhatItDoesNotKnow: "test_an_unknown_run_is_not_terminated",
    RaisesForWhatItDoesNotKnow: "test_an_unknown_run_is_not_terminated",
    ReportsBeforeItLooks: "test_what_is_not_under_way_is_not_terminated",
    SaysThatFinishedRunsWereTold: "test_what_is_not_under_way_is_not_terminated",
    CancelsHalfOfARunWithoutAWorker: "test_a_run_without_a_worker_is_ended_or_left_alone",
    PromisesForOthers: "test_a_run_of_another_launcher_is_ended_or_left_alone",
    TellsTheWorkerFirst: "test_a_terminated_run_is_canceled",
    TellsEveryWorker: "test_a_terminated_run_is_canceled",
    ReportsTheCancelingAgain: "test_terminating_again_reports_nothing_new",
    WaitsForTheRun: "test_launching_does_not_wait",
    LeavesThreads: "test_nothing_is_left",
    LeavesPipes: "test_nothing_is_left",
    LeavesProcesses: "test_nothing_is_left",
    SaysThatAllIsWell: "test_a_worker_that_was_killed_is_noticed",
    TakesTheEndForAFailure: "test_a_worker_that_is_done_is_not_running",
    WritesWhenItIsAsked: "test_a_worker_that_is_there_is_running",
    NamesNoWorker: "test_a_worker_that_is_there_is_running",
    RaisesForAWorkerThatNeverWas: "test_a_worker_that_never_was_is_not_found",
    BeginsAnew: "test_a_run_is_taken_up",
    TakesUpUnderTheOldClaim: "test_a_run_is_taken_up",
    TakesUpWhatHasAWorker: "test_a_run_that_has_a_worker_is_not_taken_up",
    CannotTakeUp: "test_it_declares_what_it_can_do",
}
"""A launcher that is wrong in one point, and the test that is there to find it."""


def suite_of(launcher):
    class Tried(ThreadSuite):
        launcher_class = launcher
        patience_seconds = 0.5

        @pytest.fixture
        def workspace(self):
            return FakeWorkspace()

    return Tried


globals().update(suites_of(MUTANTS, suite_of))


@pytest.fixture(autouse=True)
def nothing_is_left():
    with LEFT:
        yield


def test_every_wrong_launcher_is_rejected(tmp_path):
    """Each launcher that is wrong in one point fails the test that is there to find it; `TestThreadLauncher` passes all."""
    assert find_accepted(Path(__file__), tmp_path) == []
