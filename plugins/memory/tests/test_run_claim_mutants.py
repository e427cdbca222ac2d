"""The suite of run storages rejects storages that hand out runs in a wrong way."""

import contextlib
import threading
from pathlib import Path

import msgspec
from typing_extensions import override

from runrack.records import tags as tag_names
from runrack.records.run_status import RunStatus
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.wrong_implementations import find_accepted, storage_suites
from runrack_memory import MemoryRunStorage


class ClaimsWhatIsHeld(MemoryRunStorage):
    @override
    def claim(self, *args, **kwargs):
        for run_id, record in self._records.items():
            self._records[run_id] = msgspec.structs.replace(record, owner=None)
        return super().claim(*args, **kwargs)


class ClaimsEverything(MemoryRunStorage):
    @override
    def claim(self, owner, lease_seconds, limit=1, *args, **kwargs):
        return super().claim(owner, lease_seconds, limit and 99, *args, **kwargs)


class ClaimsInTheOrderOfInsertion(MemoryRunStorage):
    @override
    def _in_turn(self, run_ids):
        return list(self._records.values()) if run_ids is None else super()._in_turn(run_ids)


class ComparesPrioritiesAsText(MemoryRunStorage):
    @override
    def _in_turn(self, run_ids):
        if run_ids is not None:
            return super()._in_turn(run_ids)
        newest_first = reversed(self._records.values())
        return sorted(newest_first, key=lambda each: each.run.tags.get(tag_names.PRIORITY, "0"))[::-1]


class RemembersThePriorityOfTheBeginning(MemoryRunStorage):
    @override
    def add_run(self, run, *, create_time=None):
        self._firsts = {**getattr(self, "_firsts", {}), run.run_id: tag_names.priority_of(run.tags)}
        return super().add_run(run, create_time=create_time)

    @override
    def _in_turn(self, run_ids):
        if run_ids is not None:
            return super()._in_turn(run_ids)
        return sorted(self._records.values(), key=lambda each: -self._firsts[each.run.run_id])


class IgnoresTheOrderGiven(MemoryRunStorage):
    @override
    def _in_turn(self, run_ids):
        return [each for each in super()._in_turn(None) if run_ids is None or each.run.run_id in run_ids]


class ClaimsGivenRunsInAnyStatus(MemoryRunStorage):
    @override
    def claim(self, owner, lease_seconds, limit=1, run_ids=None, status=RunStatus.QUEUED):
        for run_id in run_ids or ():
            status = self._records[run_id].run.status if run_id in self._records else status
        return super().claim(owner, lease_seconds, limit, run_ids, status)


class KeepsTheEpochOfAClaim(MemoryRunStorage):
    @override
    def _hold(self, record, epoch, owner, lease_seconds):
        return super()._hold(record, record.epoch, owner, lease_seconds)


class RaisesTheEpochOnRenewal(MemoryRunStorage):
    @override
    def renew(self, claim, *args, **kwargs):
        renewed = super().renew(claim, *args, **kwargs)
        record = self._records[claim.run_id]
        self._records[claim.run_id] = msgspec.structs.replace(record, epoch=record.epoch + 1)
        return renewed


class RenewsWhatHasRunOut(MemoryRunStorage):
    @override
    def renew(self, claim, lease_seconds, owner=None):
        record = self._held(claim)
        if record is not None:
            self._hold(record, record.epoch, claim.owner, 60)
        return super().renew(claim, lease_seconds, owner)


class RenewsForAnybody(MemoryRunStorage):
    @override
    def _held(self, claim):
        record = self._records.get(claim.run_id)
        return None if record is None or record.epoch != claim.epoch else record


class KeepsTheOwnerWhenHandedOver(MemoryRunStorage):
    @override
    def renew(self, claim, lease_seconds, owner=None):
        return super().renew(claim, lease_seconds)


class ReleasesForAnyEpoch(MemoryRunStorage):
    @override
    def release(self, claim):
        record = self._records.get(claim.run_id)
        return super().release(
            claim if record is None else msgspec.structs.replace(claim, epoch=record.epoch)
        )


class ExpiresWithoutFencing(MemoryRunStorage):
    @override
    def expire(self, limit=100):
        expired = super().expire(limit)
        for claim in expired:
            record = self._records[claim.run_id]
            self._records[claim.run_id] = msgspec.structs.replace(record, epoch=claim.epoch)
        return expired


class ExpiresTheSameClaimAgain(MemoryRunStorage):
    @override
    def expire(self, limit=100):
        before = dict(self._records)
        expired = super().expire(limit)
        self._records.update({claim.run_id: before[claim.run_id] for claim in expired})
        return expired


class ExpiresQueuedRunsOnly(MemoryRunStorage):
    @override
    def expire(self, limit=100):
        hidden = {k: v for k, v in self._records.items() if v.run.status is not RunStatus.QUEUED}
        for run_id in hidden:
            del self._records[run_id]
        expired = super().expire(limit)
        self._records.update(hidden)
        return expired


class KeepsTheOwnerOfAnEndedRun(MemoryRunStorage):
    @override
    def handle_run_event(self, run_id, event, **kwargs):
        before = self._records.get(run_id)
        moved = super().handle_run_event(run_id, event, **kwargs)
        if moved:
            self._records[run_id] = msgspec.structs.replace(
                self._records[run_id], owner=before.owner, lease_expires=before.lease_expires
            )
        return moved


class ForgetsTheOwnerAtTheStart(MemoryRunStorage):
    @override
    def handle_run_event(self, run_id, event, **kwargs):
        moved = super().handle_run_event(run_id, event, **kwargs)
        if moved:
            self._records[run_id] = msgspec.structs.replace(self._records[run_id], owner=None)
        return moved


class ClaimsBeforeItLocks(MemoryRunStorage):
    """Lets two threads see the same free runs, each time that two come at once."""

    def __init__(self):
        super().__init__()
        self.barrier = threading.Barrier(2, timeout=0.2)

    @override
    def claim(self, owner, lease_seconds, limit=1, *args, **kwargs):
        seen = [
            record
            for record in self._in_turn(None)
            if record.run.status is RunStatus.QUEUED and record.owner is None
        ][:limit]
        with contextlib.suppress(threading.BrokenBarrierError):
            self.barrier.wait()
        return [self._hold(record, record.epoch + 1, owner, lease_seconds) for record in seen]


MUTANTS = {
    ClaimsWhatIsHeld: "test_a_held_run_is_not_claimed",
    ClaimsEverything: "test_a_claim_takes_the_first_in_line",
    ClaimsInTheOrderOfInsertion: "test_the_most_urgent_comes_first",
    ComparesPrioritiesAsText: "test_the_most_urgent_comes_first",
    RemembersThePriorityOfTheBeginning: "test_a_priority_can_be_changed",
    IgnoresTheOrderGiven: "test_given_runs_are_claimed_in_the_order_given",
    ClaimsGivenRunsInAnyStatus: "test_only_runs_in_the_status_are_claimed",
    KeepsTheEpochOfAClaim: "test_a_claim_is_what_is_stored",
    RaisesTheEpochOnRenewal: "test_a_renewed_lease_lasts_longer",
    RenewsWhatHasRunOut: "test_a_lease_that_ran_out_is_not_renewed",
    RenewsForAnybody: "test_a_claim_that_nobody_has_is_not_renewed",
    KeepsTheOwnerWhenHandedOver: "test_a_claim_is_handed_over",
    ReleasesForAnyEpoch: "test_a_claim_that_nobody_has_is_not_renewed",
    ExpiresWithoutFencing: "test_an_expired_owner_is_out",
    ExpiresTheSameClaimAgain: "test_expired_claims_are_told_once",
    ExpiresQueuedRunsOnly: "test_running_runs_expire_too",
    KeepsTheOwnerOfAnEndedRun: "test_the_end_of_a_run_ends_its_claim",
    ForgetsTheOwnerAtTheStart: "test_a_claim_outlives_what_the_run_does",
    ClaimsBeforeItLocks: "test_threads_claim_each_run_once",
}
"""A storage that is wrong in one point, and the test that is there to find it."""

globals().update(storage_suites(RunStorageConformance, MUTANTS))


def test_every_storage_that_claims_wrongly_is_rejected(tmp_path):
    """Each storage that is wrong in one point fails the test that is there to find it."""
    assert find_accepted(Path(__file__), tmp_path) == []
