"""SqlConcurrencySlots: hands out slots from a database."""

from sqlalchemy import Connection, delete, select
from typing_extensions import override

from runrack.errors import InvalidArgumentError
from runrack.interfaces.concurrency_slots import MAX_CONCURRENCY_SLOTS, ConcurrencySlots
from runrack.records.concurrency import (
    ConcurrencyClaimStatus,
    ConcurrencyKeyInfo,
    ConcurrencySlotStatus,
    SlotHolder,
)
from runrack_sql.part import SqlPart
from runrack_sql.retry import repeatable
from runrack_sql.schema import slot_claims, slot_limits
from runrack_sql.slot_queue import free_slots, hold_key, serve

_claim = slot_claims.c


class SqlConcurrencySlots(ConcurrencySlots, SqlPart):
    """Hands out slots; every change of hands is one transaction."""

    @override
    @repeatable
    def set_concurrency_slots(self, concurrency_key: str, slot_count: int) -> None:
        if not 0 <= slot_count <= MAX_CONCURRENCY_SLOTS:
            raise InvalidArgumentError(f"a key has between 0 and {MAX_CONCURRENCY_SLOTS} slots")
        row = {"concurrency_key": concurrency_key, "slot_count": slot_count}
        with self.database.write() as conn:
            conn.execute(self.database.dialect.replace(slot_limits, ["concurrency_key"]), row)
            serve(conn, concurrency_key)

    @override
    @repeatable
    def delete_concurrency_limit(self, concurrency_key: str) -> None:
        with self.database.write() as conn:
            hold_key(conn, concurrency_key)
            conn.execute(delete(slot_claims).where(_claim.concurrency_key == concurrency_key))
            conn.execute(delete(slot_limits).where(slot_limits.c.concurrency_key == concurrency_key))

    @override
    @repeatable
    def get_concurrency_keys(self) -> set[str]:
        with self.database.read() as conn:
            return set(conn.execute(select(slot_limits.c.concurrency_key)).scalars())

    @override
    @repeatable
    def get_concurrency_info(self, concurrency_key: str) -> ConcurrencyKeyInfo:
        limit = select(slot_limits.c.slot_count).where(slot_limits.c.concurrency_key == concurrency_key)
        claims = (
            select(_claim.is_held, _claim.run_id, _claim.step_key, _claim.priority)
            .where(_claim.concurrency_key == concurrency_key)
            .order_by(_claim.id)
        )
        with self.database.read() as conn:
            slot_count = conn.execute(limit).scalar() or 0
            rows = conn.execute(claims).all()
        holders = [(row.is_held, SlotHolder(row.run_id, row.step_key, row.priority)) for row in rows]
        waiting = [holder for is_held, holder in holders if not is_held]
        return ConcurrencyKeyInfo(
            concurrency_key,
            slot_count,
            claimed=tuple(holder for is_held, holder in holders if is_held),
            pending=tuple(sorted(waiting, key=lambda holder: -holder.priority)),
        )

    @override
    @repeatable
    def claim_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str, priority: int = 0
    ) -> ConcurrencyClaimStatus:
        row = {
            "concurrency_key": concurrency_key,
            "run_id": run_id,
            "step_key": step_key,
            "priority": priority,
            "is_held": False,
        }
        once = ["concurrency_key", "run_id", "step_key"]
        with self.database.write() as conn:
            hold_key(conn, concurrency_key)
            conn.execute(self.database.dialect.insert_missing(slot_claims, once), row)
            serve(conn, concurrency_key)
            return _claim_status(conn, concurrency_key, run_id, step_key)

    @override
    @repeatable
    def check_concurrency_claim(
        self, concurrency_key: str, run_id: str, step_key: str
    ) -> ConcurrencyClaimStatus:
        with self.database.read() as conn:
            return _claim_status(conn, concurrency_key, run_id, step_key)

    @override
    @repeatable
    def get_concurrency_run_ids(self) -> set[str]:
        with self.database.read() as conn:
            return set(conn.execute(select(_claim.run_id).distinct()).scalars())

    @override
    @repeatable
    def free_concurrency_slots_for_run(self, run_id: str) -> None:
        with self.database.write() as conn:
            free_slots(conn, run_id)

    @override
    @repeatable
    def free_concurrency_slot_for_step(self, run_id: str, step_key: str) -> None:
        with self.database.write() as conn:
            free_slots(conn, run_id, step_key)


def _claim_status(
    conn: Connection, concurrency_key: str, run_id: str, step_key: str
) -> ConcurrencyClaimStatus:
    statement = select(_claim.is_held).where(
        _claim.concurrency_key == concurrency_key, _claim.run_id == run_id, _claim.step_key == step_key
    )
    is_held = conn.execute(statement).scalar()
    status = ConcurrencySlotStatus.CLAIMED if is_held else ConcurrencySlotStatus.BLOCKED
    return ConcurrencyClaimStatus(concurrency_key, status)
