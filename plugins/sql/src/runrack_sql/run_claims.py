"""SqlRunClaims: hands out the runs of a database."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Update,
    bindparam,
    null,
    or_,
    select,
    update,
)
from typing_extensions import override

from runrack.errors import InvalidArgumentError, StaleClaimError, StorageOutcomeUnknownError
from runrack.interfaces.run_claims import RunClaims
from runrack.records.run_claim import RunClaim, check_lease
from runrack.records.run_status import FINISHED, RunStatus
from runrack_sql.database import Database
from runrack_sql.dialect import Dialect
from runrack_sql.limit import check_limit, chunks
from runrack_sql.moment import from_microseconds, now, to_microseconds
from runrack_sql.part import SqlPart
from runrack_sql.prepared import Prepared
from runrack_sql.retry import repeatable, repeatable_if_undone
from runrack_sql.schema import runs
from runrack_sql.statement import AnyRow, Query

_run = runs.c
NOBODY: Mapping[str, Any] = {"owner": null(), "lease_expires_us": null()}
"""The values of a row whose run is held by nobody."""

_HOLDERS = ("holder", "other_holder")
"""The names of the parameters for who may hold a run that is renewed; both are the same but in a second attempt."""


class SqlRunClaims(RunClaims, SqlPart):
    """Hands out runs: whoever finds a row locks it, and passes over rows that others have locked unless it was named."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._tells_lease = database.dialect.compiler.update_returning
        extend = _extend_lease(database.dialect)
        told = extend.returning(_run.lease_expires_us) if self._tells_lease else extend
        self._extend_lease = Prepared(told, database.dialect)
        self._find_lease = Prepared(
            select(_run.lease_expires_us).where(_run.run_id == bindparam("of_run")), database.dialect
        )

    @override
    @repeatable_if_undone
    def claim(
        self,
        owner: str,
        lease_seconds: float,
        limit: int = 1,
        run_ids: Sequence[str] | None = None,
        status: RunStatus = RunStatus.QUEUED,
    ) -> Sequence[RunClaim]:
        check_lease(owner, lease_seconds)
        check_limit(limit)
        if status in FINISHED:
            raise InvalidArgumentError("a run that has ended cannot be claimed")
        with self.database.write() as conn:
            named = None if run_ids is None else _lock_named_runs(conn, run_ids)
            now_us = read_clock(conn, self.database.dialect)  # after any wait for a lock
            if named is None:
                rows = _lock_free_runs(conn, status, now_us, limit)
            else:
                rows = [row for row in named if _is_free(row, status, now_us)][:limit]
            expires_us = now_us + to_lease_us(lease_seconds)
            begin_epoch(conn, rows, {"owner": owner, "lease_expires_us": expires_us})
        expires = from_microseconds(expires_us)
        return [RunClaim(row.run_id, row.epoch + 1, owner, expires) for row in rows]

    @override
    def renew(self, claim: RunClaim, lease_seconds: float, owner: str | None = None) -> RunClaim:
        renewed = replace(claim, owner=claim.owner if owner is None else owner)
        check_lease(renewed.owner, lease_seconds)
        try:
            return self._renew(renewed, lease_seconds, {claim.owner})
        except StorageOutcomeUnknownError:
            return self._renew_again(renewed, lease_seconds, {claim.owner, renewed.owner})

    @override
    @repeatable_if_undone
    def release(self, claim: RunClaim) -> bool:
        # Whoever looks at what waits in the queue looks for runs that were changed.
        free = update(runs).where(*_is_held(claim)).values(updated_us=to_microseconds(now()), **NOBODY)
        with self.database.write() as conn:
            return conn.execute(free).rowcount > 0

    @override
    @repeatable_if_undone
    def expire(self, limit: int = 100) -> Sequence[RunClaim]:
        check_limit(limit)
        columns = (_run.id, _run.run_id, _run.epoch, _run.owner, _run.lease_expires_us)
        with self.database.write() as conn:
            # A run that has ended has no lease.
            dead: Query = select(*columns).where(
                _run.lease_expires_us <= read_clock(conn, self.database.dialect)
            )
            in_order = dead.order_by(_run.lease_expires_us, _run.id).limit(limit)
            rows = conn.execute(in_order.with_for_update(skip_locked=True)).all()
            begin_epoch(conn, rows, {"updated_us": to_microseconds(now()), **NOBODY})
        return [
            RunClaim(row.run_id, row.epoch, row.owner, from_microseconds(row.lease_expires_us))
            for row in rows
        ]

    @repeatable_if_undone
    def _renew(self, renewed: RunClaim, lease_seconds: float, held_by: Collection[str]) -> RunClaim:
        """Return `renewed` with its new lease, if the run is held by one of `held_by` under its epoch."""
        values = {
            "of_run": renewed.run_id,
            "of_epoch": renewed.epoch,
            **dict(zip(_HOLDERS, (min(held_by), max(held_by)), strict=True)),
            "new_owner": renewed.owner,
            "lease_us": to_lease_us(lease_seconds),
            "clock_us": to_microseconds(now()),
        }
        expires_us = self._extend_at_once(values) if self._tells_lease else self._extend_and_look(values)
        if expires_us is None:
            raise StaleClaimError(renewed.run_id)
        return replace(renewed, expires=from_microseconds(expires_us))

    def _extend_at_once(self, values: Mapping[str, Any]) -> int | None:
        """Return the end of the new lease; None when the run is not held."""
        with self.database.write_at_once() as conn:
            row = self._extend_lease.run(conn, values).fetchone()
        return None if row is None else row[0]

    def _extend_and_look(self, values: Mapping[str, Any]) -> int | None:
        """Return the same from a database whose updates tell nothing."""
        with self.database.write() as conn:
            if self._extend_lease.run(conn, values).rowcount == 0:
                return None
            row = self._find_lease.run(conn, values).fetchone()
        return None if row is None else row[0]

    @repeatable
    def _renew_again(self, renewed: RunClaim, lease_seconds: float, held_by: Collection[str]) -> RunClaim:
        """Renew a claim that an earlier call, whose outcome is unknown, may have handed over."""
        return self._renew(renewed, lease_seconds, held_by)


def read_clock(conn: Connection, dialect: Dialect) -> int:
    """Return the present moment in microseconds: as a value and not a part of the query, an index can be asked for it."""
    now_us: int = conn.execute(select(dialect.microseconds_now())).scalar_one()
    return now_us


def _lock_free_runs(conn: Connection, status: RunStatus, now_us: int, limit: int) -> Sequence[AnyRow]:
    """Return the rows of runs that nobody holds, in their turn, and keep others from them; locked rows are passed over."""
    is_free = or_(_run.lease_expires_us.is_(None), _run.lease_expires_us <= now_us)
    free: Query = select(_run.id, _run.run_id, _run.epoch).where(_run.status == status.value, is_free)
    in_turn = free.order_by(_run.turn, _run.id).limit(limit)
    return conn.execute(in_turn.with_for_update(skip_locked=True)).all()


def _lock_named_runs(conn: Connection, run_ids: Collection[str]) -> Sequence[AnyRow]:
    """Return the rows of these runs, in this order, and keep others from them; waits for those who change one just now.

    All who wait lock in one order, so that no two wait for each other.
    """
    place = {run_id: number for number, run_id in reversed(list(enumerate(run_ids)))}
    columns = (_run.id, _run.run_id, _run.epoch, _run.status, _run.lease_expires_us)
    rows: list[AnyRow] = []
    for portion in chunks(sorted(place)):
        named: Query = select(*columns).where(_run.run_id.in_(portion)).order_by(_run.run_id)
        rows += conn.execute(named.with_for_update()).all()
    return sorted(rows, key=lambda row: place[row.run_id])


def _is_free(row: AnyRow, status: RunStatus, now_us: int) -> bool:
    """Tell whether a run is in `status` and nobody holds it."""
    return row.status == status.value and (row.lease_expires_us is None or row.lease_expires_us <= now_us)


def begin_epoch(conn: Connection, rows: Sequence[AnyRow], lease: Mapping[str, Any]) -> None:
    """Give locked runs to somebody, or to nobody: what an earlier owner writes comes late from now on."""
    for portion in chunks([row.id for row in rows]):
        conn.execute(update(runs).where(_run.id.in_(portion)).values(epoch=_run.epoch + 1, **lease))


def _extend_lease(dialect: Dialect) -> Update:
    """Return the statement that lets the lease of a run run from now, if one of `_HOLDERS` holds the run."""
    now_us = dialect.microseconds_now()
    is_held = (
        _run.run_id == bindparam("of_run"),
        _run.epoch == bindparam("of_epoch"),
        _run.owner.in_([bindparam(holder) for holder in _HOLDERS]),
        _run.lease_expires_us > now_us,
    )
    lease = {
        "owner": bindparam("new_owner"),
        "lease_expires_us": now_us + bindparam("lease_us", type_=BigInteger),
    }
    return update(runs).where(*is_held).values(lease)


def _is_held(claim: RunClaim) -> Sequence[ColumnElement[bool]]:
    return (_run.run_id == claim.run_id, _run.epoch == claim.epoch, _run.owner == claim.owner)


def to_lease_us(seconds: float) -> int:
    """Return the length of a lease in microseconds."""
    return round(seconds * 1_000_000)
