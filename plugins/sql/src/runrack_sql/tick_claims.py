"""SqlTickClaims: hands out the ticks of a database."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, null, select, update
from sqlalchemy.exc import IntegrityError
from typing_extensions import override

from runrack.errors import AlreadyExistsError
from runrack.interfaces.tick_claims import TickClaims
from runrack.records.codec import decode_tick
from runrack.records.run_claim import check_lease
from runrack.records.tick import InstigatorTick, TickData, TickStatus, check_tick_key
from runrack_sql.limit import check_limit
from runrack_sql.part import SqlPart
from runrack_sql.retry import repeatable, repeatable_if_undone
from runrack_sql.run_claims import read_clock, to_lease_us
from runrack_sql.schema import ticks
from runrack_sql.tick_row import tick_row

_tick = ticks.c
NOBODY: Mapping[str, Any] = {"owner": null(), "lease_expires_us": null()}
"""The values of a row whose tick is held by nobody."""


class SqlTickClaims(TickClaims, SqlPart):
    """Hands out ticks: whose row with a key comes first has it."""

    @override
    def claim_tick(
        self, tick_data: TickData, key: str, owner: str, lease_seconds: float
    ) -> InstigatorTick | None:
        check_tick_key(key)
        check_lease(owner, lease_seconds)
        try:
            return self._add_claimed(tick_data, key, owner, lease_seconds)
        except AlreadyExistsError:
            return None

    @override
    @repeatable
    def renew_tick(self, tick_id: int, owner: str, lease_seconds: float) -> bool:
        check_lease(owner, lease_seconds)
        expires = self.database.dialect.microseconds_now() + to_lease_us(lease_seconds)
        is_held = (_tick.id == tick_id, _tick.owner == owner, _tick.status == TickStatus.STARTED.value)
        with self.database.write() as conn:
            return conn.execute(update(ticks).where(*is_held).values(lease_expires_us=expires)).rowcount > 0

    @override
    @repeatable
    def list_expired_ticks(self, limit: int = 100) -> Sequence[InstigatorTick]:
        check_limit(limit)
        with self.database.read() as conn:
            now_us = read_clock(conn, self.database.dialect)
            dead = select(_tick.id, _tick.body).where(_tick.lease_expires_us <= now_us)
            rows = conn.execute(dead.order_by(_tick.lease_expires_us, _tick.id).limit(limit)).all()
        return [InstigatorTick(row.id, decode_tick(row.body)) for row in rows]

    @override
    @repeatable_if_undone
    def take_over_tick(self, tick_id: int, owner: str, lease_seconds: float) -> InstigatorTick | None:
        check_lease(owner, lease_seconds)
        with self.database.write() as conn:
            now_us = read_clock(conn, self.database.dialect)
            lease = {"owner": owner, "lease_expires_us": now_us + to_lease_us(lease_seconds)}
            is_free = (_tick.id == tick_id, _tick.lease_expires_us <= now_us)
            if conn.execute(update(ticks).where(*is_free).values(lease)).rowcount == 0:
                return None
            body = conn.execute(select(_tick.body).where(_tick.id == tick_id)).scalar_one()
        return InstigatorTick(tick_id, decode_tick(body))

    @repeatable_if_undone
    def _add_claimed(self, tick_data: TickData, key: str, owner: str, lease_seconds: float) -> InstigatorTick:
        with self.database.write() as conn:
            expires = read_clock(conn, self.database.dialect) + to_lease_us(lease_seconds)
            claim = {"claim_key": key, "owner": owner, "lease_expires_us": expires}
            try:
                added = conn.execute(insert(ticks), {**tick_row(tick_data), **claim})
            except IntegrityError as error:
                raise AlreadyExistsError(f"a tick with the key {key!r} is stored already") from error
            tick_id: int = added.inserted_primary_key[0]  # type: ignore[index] # there is one row
        return InstigatorTick(tick_id, tick_data)
