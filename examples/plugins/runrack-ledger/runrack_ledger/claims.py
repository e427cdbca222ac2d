"""LedgerTickClaims: hands out ticks, each to one daemon at a time."""

import time
from collections.abc import Sequence

from typing_extensions import override

from runrack.interfaces.tick_claims import TickClaims
from runrack.records.run_claim import check_lease
from runrack.records.tick import InstigatorTick, TickData, check_tick_key
from runrack_ledger.file import LedgerFile
from runrack_ledger.ticks import check_limit, read_tick, tick_row


class LedgerTickClaims(TickClaims):
    """Hands out ticks. Each question is one statement, so nobody comes between looking and taking."""

    _file: LedgerFile

    @override
    def claim_tick(
        self, tick_data: TickData, key: str, owner: str, lease_seconds: float
    ) -> InstigatorTick | None:
        check_tick_key(key)
        check_lease(owner, lease_seconds)
        claim = {"key": key, "owner": owner, "expires": time.time() + lease_seconds}
        with self._file.writing() as conn:
            rows = conn.execute(
                "INSERT INTO ticks (selector_id, timestamp, status, body, key, owner, expires)"
                " VALUES (:selector_id, :timestamp, :status, :body, :key, :owner, :expires)"
                " ON CONFLICT (key) DO NOTHING RETURNING id, body",
                tick_row(tick_data) | claim,
            ).fetchall()
        return read_tick(rows[0]) if rows else None

    @override
    def renew_tick(self, tick_id: int, owner: str, lease_seconds: float) -> bool:
        check_lease(owner, lease_seconds)
        statement = "UPDATE ticks SET expires = ? WHERE id = ? AND owner = ?"
        with self._file.writing() as conn:
            return conn.execute(statement, (time.time() + lease_seconds, tick_id, owner)).rowcount > 0

    @override
    def list_expired_ticks(self, limit: int = 100) -> Sequence[InstigatorTick]:
        check_limit(limit)
        statement = "SELECT id, body FROM ticks WHERE expires <= ? ORDER BY expires, id LIMIT ?"
        with self._file.reading() as conn:
            return [read_tick(row) for row in conn.execute(statement, (time.time(), limit))]

    @override
    def take_over_tick(self, tick_id: int, owner: str, lease_seconds: float) -> InstigatorTick | None:
        check_lease(owner, lease_seconds)
        with self._file.writing() as conn:
            # Read under the lock: who waited for it long compares with the lease that was given meanwhile.
            now = time.time()
            rows = conn.execute(
                "UPDATE ticks SET owner = ?, expires = ? WHERE id = ? AND expires <= ? RETURNING id, body",
                (owner, now + lease_seconds, tick_id, now),
            ).fetchall()
        return read_tick(rows[0]) if rows else None
