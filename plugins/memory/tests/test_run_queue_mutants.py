"""The suite of run storages rejects storages that hand out queued runs in a wrong way."""

import contextlib
import threading
from collections import Counter
from pathlib import Path

from msgspec.structs import replace
from typing_extensions import override

from runrack.records.run_queue import QueueLimits, RunsInProgress
from runrack.records.run_status import RunStatus
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.wrong_implementations import find_accepted, storage_suites
from runrack_memory import MemoryRunStorage


class _ForgetsSome(MemoryRunStorage):
    """Counts no runs in the statuses of `forgotten` as in progress."""

    forgotten = frozenset()

    @override
    def claim_next(self, owner, lease_seconds, limits, limit=1):
        kept = dict(self._records)
        self._records = {
            run_id: record
            for run_id, record in kept.items()
            if record.run.status not in self.forgotten
            or (record.run.status is RunStatus.QUEUED and record.owner is None)
        }
        claims = super().claim_next(owner, lease_seconds, limits, limit)
        self._records = {run_id: self._records.get(run_id, record) for run_id, record in kept.items()}
        return claims


class ForgetsClaims(_ForgetsSome):
    forgotten = frozenset({RunStatus.QUEUED})


class ForgetsRunsThatStart(_ForgetsSome):
    forgotten = frozenset({RunStatus.STARTING})


class ForgetsRunsThatRun(_ForgetsSome):
    forgotten = frozenset({RunStatus.STARTED})


class TakesTheHeadOnly(MemoryRunStorage):
    """Looks at no more runs than it was asked for, so that runs that wait starve the others."""

    @override
    def _queued(self):
        return iter([record for record in super()._queued() if record.owner is None][:100])


class IgnoresTagLimits(MemoryRunStorage):
    @override
    def claim_next(self, owner, lease_seconds, limits, limit=1):
        return super().claim_next(owner, lease_seconds, QueueLimits(limits.max_runs), limit)


class TakesEachValueForAll(MemoryRunStorage):
    @override
    def claim_next(self, owner, lease_seconds, limits, limit=1):
        in_all = tuple(replace(each, is_per_value=False) for each in limits.tag_limits)
        return super().claim_next(owner, lease_seconds, replace(limits, tag_limits=in_all), limit)


class ComparesValuesWithoutCase(MemoryRunStorage):
    @override
    def claim_next(self, owner, lease_seconds, limits, limit=1):
        before = dict(self._records)
        for run_id, record in before.items():
            tags = {key: value.lower() for key, value in record.run.tags.items()}
            self._records[run_id] = replace(record, run=record.run.with_tags(tags))
        return super().claim_next(owner, lease_seconds, limits, limit)


class TakesNoughtForNoLimit(MemoryRunStorage):
    @override
    def claim_next(self, owner, lease_seconds, limits, limit=1):
        return super().claim_next(
            owner, lease_seconds, replace(limits, max_runs=limits.max_runs or None), limit
        )


class KeepsTheEpochOfTheDead(MemoryRunStorage):
    @override
    def _take_from_the_dead(self):
        epochs = {run_id: record.epoch for run_id, record in self._records.items()}
        super()._take_from_the_dead()
        for run_id, epoch in epochs.items():
            self._records[run_id] = replace(self._records[run_id], epoch=epoch)


class LeavesTheDead(MemoryRunStorage):
    @override
    def _take_from_the_dead(self):
        pass


class ListsClaimedRunsNoMore(MemoryRunStorage):
    @override
    def list_queued(self, limit=100):
        return [record for record in super().list_queued(10_000) if record.owner is None][:limit]


class CountsTheQueue(MemoryRunStorage):
    @override
    def count_in_progress(self, tag_keys=()):
        counted = super().count_in_progress(tag_keys)
        waiting = [record.run.tags for record in self._queued() if record.owner is None]
        by_tag = {
            key: counted.by_tag.get(key, Counter()) + Counter(tags[key] for tags in waiting if key in tags)
            for key in tag_keys
        }
        return RunsInProgress(counted.total + len(waiting), by_tag)


class CountsBeforeItLocks(MemoryRunStorage):
    """Lets two threads count the same free places, each time that two come at once."""

    def __init__(self):
        super().__init__()
        self.barrier = threading.Barrier(2, timeout=0.2)

    @override
    def claim_next(self, owner, lease_seconds, limits, limit=1):
        free = (limits.max_runs or limit) - self.count_in_progress().total
        with contextlib.suppress(threading.BrokenBarrierError):
            self.barrier.wait()
        return self.claim(owner, lease_seconds, max(0, min(free, limit)))


MUTANTS = {
    ForgetsClaims: "test_there_are_never_more_than_the_limit",
    ForgetsRunsThatStart: "test_a_run_that_began_keeps_its_place",
    ForgetsRunsThatRun: "test_there_are_never_more_than_the_limit",
    TakesTheHeadOnly: "test_runs_that_wait_starve_nobody",
    IgnoresTagLimits: "test_a_key_is_limited",
    TakesEachValueForAll: "test_each_value_is_limited",
    ComparesValuesWithoutCase: "test_a_value_is_limited",
    TakesNoughtForNoLimit: "test_a_limit_may_be_none_or_nought",
    KeepsTheEpochOfTheDead: "test_a_dead_claim_cannot_come_back",
    LeavesTheDead: "test_a_dead_claim_is_taken_back",
    ListsClaimedRunsNoMore: "test_the_queue_is_listed_in_its_order",
    CountsTheQueue: "test_what_is_in_progress",
    CountsBeforeItLocks: "test_threads_keep_the_limits",
}
"""A storage that is wrong in one point, and the test that is there to find it."""

globals().update(storage_suites(RunStorageConformance, MUTANTS))


def test_every_storage_that_serves_its_queue_wrongly_is_rejected(tmp_path):
    """Each storage that is wrong in one point fails the test that is there to find it."""
    assert find_accepted(Path(__file__), tmp_path) == []
