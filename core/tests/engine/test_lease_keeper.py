"""LeaseKeeper: what a worker does about its lease."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from runrack.engine.lease_keeper import LeaseKeeper
from runrack.engine.own_run import OwnRunKeeper
from runrack.errors import StaleClaimError, StorageUnavailableError
from runrack.records.run import Run
from runrack.records.run_claim import RunClaim
from runrack.records.run_status import RunStatus

RUN_ID = "7c0d2a36-0ac0-4b40-9e7f-0b0c6f6f1a11"
CLAIM = RunClaim(RUN_ID, 3, "worker", datetime.now(UTC))
WAIT_SECONDS = 30


class FakeRuns:
    """Answers renewals with what it is given, one after the other; the last one stays."""

    def __init__(self, *answers, status=RunStatus.STARTED, epoch=3):
        self.answers = list(answers)
        self.run = Run(job_name="job", run_id=RUN_ID, status=status)
        self.epoch = epoch
        self.renewals = 0
        self.renewed_twice = threading.Event()

    def renew(self, claim, lease_seconds, owner=None):
        self.renewals += 1
        if self.renewals > 1:
            self.renewed_twice.set()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def get_run_by_id(self, run_id):
        return self.run

    def get_run_record_by_id(self, run_id):
        return SimpleNamespace(run=self.run, epoch=self.epoch)


@pytest.fixture
def told_to_stop():
    """An event that is set by SIGTERM, which is what a worker is told to stop by."""
    told = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: told.set())
    yield told
    signal.signal(signal.SIGTERM, before)


def keeper_of(runs, lease_seconds=0.05):
    return LeaseKeeper(SimpleNamespace(run_storage=runs), CLAIM, lease_seconds, grace_seconds=WAIT_SECONDS)


def test_a_lease_is_renewed_while_the_worker_works(told_to_stop):
    """A worker that can renew its lease does so again and again, and is not told anything."""
    runs = FakeRuns(CLAIM)
    with keeper_of(runs) as keeper:
        assert runs.renewed_twice.wait(WAIT_SECONDS)
    assert (keeper.is_lost, told_to_stop.is_set()) == (False, False)


@pytest.mark.parametrize("error", [StaleClaimError(RUN_ID), StorageUnavailableError()])
def test_a_worker_without_a_lease_stops(told_to_stop, error):
    """A worker whose claim is stale, or that cannot renew it before the lease ends, is told to stop."""
    with keeper_of(FakeRuns(error)) as keeper:
        assert told_to_stop.wait(WAIT_SECONDS)
    assert keeper.is_lost


def test_an_outage_shorter_than_the_lease_is_no_loss(told_to_stop):
    """One renewal that fails is made up for by the next."""
    runs = FakeRuns(StorageUnavailableError(), CLAIM)
    with keeper_of(runs, lease_seconds=1.0) as keeper:
        assert runs.renewed_twice.wait(WAIT_SECONDS)
    assert (keeper.is_lost, told_to_stop.is_set()) == (False, False)


def test_a_worker_that_has_just_ended_its_run_is_not_stopped(told_to_stop):
    """A claim that is stale because its own holder has ended the run is no loss."""
    runs = FakeRuns(StaleClaimError(RUN_ID), status=RunStatus.SUCCESS)
    asked = threading.Event()
    found = runs.get_run_record_by_id
    runs.get_run_record_by_id = lambda run_id: (asked.set(), found(run_id))[1]
    with keeper_of(runs) as keeper:
        assert asked.wait(WAIT_SECONDS)
    assert (keeper.is_lost, told_to_stop.is_set()) == (False, False)


def test_a_worker_whose_run_is_canceled_elsewhere_is_told(told_to_stop):
    """A worker reads in the storage that its run is to be canceled, and keeps its claim for that."""
    with keeper_of(FakeRuns(CLAIM, status=RunStatus.CANCELING)) as keeper:
        assert told_to_stop.wait(WAIT_SECONDS)
    assert not keeper.is_lost


def own_keeper_of(runs):
    return OwnRunKeeper(SimpleNamespace(run_storage=runs), CLAIM, lease_seconds=0.05, look_seconds=0.01)


@pytest.mark.parametrize("error", [StaleClaimError(RUN_ID), StorageUnavailableError()])
def test_a_caller_whose_run_nobody_has_taken_goes_on(told_to_stop, error):
    """A process that executes a run of its own is not interrupted because its lease ran out: nobody takes the run up."""
    runs = FakeRuns(error)
    with own_keeper_of(runs) as keeper:
        assert runs.renewed_twice.wait(WAIT_SECONDS)
    assert (keeper.is_lost, told_to_stop.is_set()) == (False, False)


@pytest.mark.parametrize("found", [{"epoch": 4}, {"status": RunStatus.FAILURE, "epoch": 4}])
def test_a_caller_whose_run_was_taken_is_interrupted(told_to_stop, found):
    """A run of its own that another has taken, or has ended, interrupts the process."""
    with own_keeper_of(FakeRuns(StaleClaimError(RUN_ID), **found)) as keeper:
        assert told_to_stop.wait(WAIT_SECONDS)
    assert keeper.is_lost


def test_a_caller_whose_run_is_canceled_elsewhere_is_interrupted(told_to_stop):
    """Whoever cancels a run that a process executes itself interrupts that process."""
    with own_keeper_of(FakeRuns(CLAIM, status=RunStatus.CANCELING)):
        assert told_to_stop.wait(WAIT_SECONDS)


def test_a_run_of_another_thread_interrupts_nobody(told_to_stop):
    """The main thread is left alone when a run that is canceled belongs to another thread."""
    runs = FakeRuns(CLAIM, status=RunStatus.CANCELING)
    asked = threading.Event()
    found = runs.get_run_by_id
    runs.get_run_by_id = lambda run_id: (asked.set(), found(run_id))[1]

    def hold():
        with own_keeper_of(runs):
            assert asked.wait(WAIT_SECONDS)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold).result(WAIT_SECONDS)
    assert not told_to_stop.is_set()
