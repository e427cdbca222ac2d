"""How slots change hands: what happens to the rows, inside a transaction of the caller."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from runrack_sql.schema import slot_claims, slot_limits

_claim = slot_claims.c


def hold_key(conn: Connection, concurrency_key: str) -> int:
    """Return how many slots the key has, and keep all who want to change hands waiting until the transaction ends.

    It comes before any change of claims: two who serve the same key must not both count the slot that is free, and in
    another order each might hold what the other waits for.
    """
    limit = select(slot_limits.c.slot_count).where(slot_limits.c.concurrency_key == concurrency_key)
    return conn.execute(limit.with_for_update()).scalar() or 0


def serve(conn: Connection, concurrency_key: str) -> None:
    """Give the free slots of a key to those who wait: highest priority first, then longest waiting."""
    slot_count = hold_key(conn, concurrency_key)
    of_key = _claim.concurrency_key == concurrency_key
    held = conn.execute(select(func.count()).where(of_key, _claim.is_held.is_(True))).scalar_one()
    waiting = (
        select(slot_claims)
        .where(of_key, _claim.is_held.is_(False))
        .order_by(_claim.priority.desc(), _claim.id)
        .limit(max(slot_count - held, 0))
    )
    for claim in [dict(row) for row in conn.execute(waiting).mappings()]:
        conn.execute(delete(slot_claims).where(_claim.id == claim.pop("id")))
        conn.execute(insert(slot_claims), {**claim, "is_held": True})


def free_slots(conn: Connection, run_id: str, step_key: str | None = None) -> None:
    """Take a run, or one step of it, out of all keys, and serve those who wait."""
    leaves = [_claim.run_id == run_id]
    if step_key is not None:
        leaves.append(_claim.step_key == step_key)
    keys = _keys_of(conn, leaves)
    if not keys:
        return
    for key in keys:
        hold_key(conn, key)
    conn.execute(delete(slot_claims).where(*leaves))
    for key in keys:
        serve(conn, key)


def _keys_of(conn: Connection, leaves: Iterable[ColumnElement[bool]]) -> list[str]:
    statement = select(_claim.concurrency_key).where(*leaves).distinct().order_by(_claim.concurrency_key)
    return list(conn.execute(statement).scalars())
