"""MemoryRunQueue: hands out the queued runs of a dict under limits."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import msgspec
from typing_extensions import override

from runrack.interfaces.run_queue import RunQueue
from runrack.records.run import RunRecord
from runrack.records.run_claim import RunClaim, check_lease
from runrack.records.run_queue import QueueGate, QueueLimits, RunsInProgress
from runrack.records.run_status import ACTIVE, RunStatus
from runrack_memory.limit import checked_limit
from runrack_memory.run_claims import MemoryRunClaims, has_run_out


class MemoryRunQueue(MemoryRunClaims, RunQueue):
    """Hands out runs; who counts holds the lock until it has taken what it counted for."""

    @override
    def claim_next(
        self, owner: str, lease_seconds: float, limits: QueueLimits, limit: int = 1
    ) -> Sequence[RunClaim]:
        check_lease(owner, lease_seconds)
        checked_limit(limit)
        with self._lock:
            self._take_from_the_dead()
            gate = QueueGate(limits, self.count_in_progress(limits.keys))
            claims: list[RunClaim] = []
            for record in self._queued():
                if len(claims) == limit or not gate.has_room:
                    break
                if record.owner is None and gate.admit(record.run.tags):
                    claims.append(self._hold(record, record.epoch + 1, owner, lease_seconds))
            return claims

    @override
    def count_in_progress(self, tag_keys: Collection[str] = ()) -> RunsInProgress:
        with self._lock:
            tags = [each.run.tags for each in self._records.values() if _is_in_progress(each)]
        by_tag = {key: Counter(each[key] for each in tags if key in each) for key in tag_keys}
        return RunsInProgress(len(tags), {key: counts for key, counts in by_tag.items() if counts})

    @override
    def list_queued(self, limit: int = 100) -> Sequence[RunRecord]:
        checked_limit(limit)
        with self._lock:
            return list(self._queued())[:limit]

    def _queued(self) -> Iterator[RunRecord]:
        return (record for record in self._in_turn(None) if record.run.status is RunStatus.QUEUED)

    def _take_from_the_dead(self) -> None:
        for record in list(self._queued()):
            if record.owner is not None and has_run_out(record):
                self._records[record.run.run_id] = msgspec.structs.replace(
                    record, owner=None, lease_expires=None, epoch=record.epoch + 1
                )


def _is_in_progress(record: RunRecord) -> bool:
    return record.run.status in ACTIVE or (record.run.status is RunStatus.QUEUED and record.owner is not None)
