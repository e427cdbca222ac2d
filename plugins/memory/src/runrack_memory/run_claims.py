"""MemoryRunClaims: hands out the runs of a dict."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from threading import RLock

import msgspec
from typing_extensions import override

from runrack.errors import InvalidArgumentError, StaleClaimError
from runrack.interfaces.run_claims import RunClaims
from runrack.records.run import RunRecord
from runrack.records.run_claim import RunClaim, check_lease
from runrack.records.run_status import FINISHED, RunStatus
from runrack.records.tags import priority_of
from runrack_memory.limit import checked_limit


class MemoryRunClaims(RunClaims):
    """Hands out runs; who changes them holds the lock."""

    _lock: RLock
    _records: dict[str, RunRecord]

    @override
    def claim(
        self,
        owner: str,
        lease_seconds: float,
        limit: int = 1,
        run_ids: Sequence[str] | None = None,
        status: RunStatus = RunStatus.QUEUED,
    ) -> Sequence[RunClaim]:
        check_lease(owner, lease_seconds)
        checked_limit(limit)
        if status in FINISHED:
            raise InvalidArgumentError("a run that has ended cannot be claimed")
        with self._lock:
            free = [
                record
                for record in self._in_turn(run_ids)
                if record.run.status is status and (record.owner is None or has_run_out(record))
            ]
            return [self._hold(record, record.epoch + 1, owner, lease_seconds) for record in free[:limit]]

    @override
    def renew(self, claim: RunClaim, lease_seconds: float, owner: str | None = None) -> RunClaim:
        new_owner = claim.owner if owner is None else owner
        check_lease(new_owner, lease_seconds)
        with self._lock:
            record = self._held(claim)
            if record is None or has_run_out(record):
                raise StaleClaimError(claim.run_id)
            return self._hold(record, record.epoch, new_owner, lease_seconds)

    @override
    def release(self, claim: RunClaim) -> bool:
        with self._lock:
            record = self._held(claim)
            if record is None:
                return False
            self._records[claim.run_id] = msgspec.structs.replace(record, owner=None, lease_expires=None)
            return True

    @override
    def expire(self, limit: int = 100) -> Sequence[RunClaim]:
        checked_limit(limit)
        with self._lock:
            claims = [
                RunClaim(record.run.run_id, record.epoch, record.owner, record.lease_expires)
                for record in self._records.values()
                if record.owner is not None and record.lease_expires is not None and has_run_out(record)
            ]
            expired = sorted(claims, key=lambda claim: claim.expires)[:limit]
            for claim in expired:
                record = self._records[claim.run_id]
                self._records[claim.run_id] = msgspec.structs.replace(
                    record, owner=None, lease_expires=None, epoch=record.epoch + 1
                )
            return expired

    def _in_turn(self, run_ids: Sequence[str] | None) -> Iterable[RunRecord]:
        if run_ids is not None:
            return [self._records[run_id] for run_id in dict.fromkeys(run_ids) if run_id in self._records]
        return sorted(self._records.values(), key=lambda record: -priority_of(record.run.tags))

    def _held(self, claim: RunClaim) -> RunRecord | None:
        """Return the record of a run that is held by this claim, whether or not the lease has run out."""
        record = self._records.get(claim.run_id)
        if record is None or (record.epoch, record.owner) != (claim.epoch, claim.owner):
            return None
        return record

    def _hold(self, record: RunRecord, epoch: int, owner: str, lease_seconds: float) -> RunClaim:
        expires = datetime.now(UTC) + timedelta(seconds=lease_seconds)
        self._records[record.run.run_id] = msgspec.structs.replace(
            record, epoch=epoch, owner=owner, lease_expires=expires
        )
        return RunClaim(record.run.run_id, epoch, owner, expires)


def has_run_out(record: RunRecord) -> bool:
    """Tell whether nobody holds the run, or its lease has run out."""
    return record.lease_expires is None or record.lease_expires <= datetime.now(UTC)
