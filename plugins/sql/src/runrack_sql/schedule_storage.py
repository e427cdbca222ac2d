"""SqlScheduleStorage: keeps the states of schedules and sensors, and their ticks, in a database."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from typing_extensions import override

from runrack.errors import AlreadyExistsError, NotFoundError
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.records.codec import decode_instigator_state, encode
from runrack.records.tick import (
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    InstigatorType,
    TickData,
    TickStatus,
)
from runrack_sql.retry import repeatable, repeatable_if_undone
from runrack_sql.schema import instigators, ticks
from runrack_sql.tick_claims import NOBODY, SqlTickClaims
from runrack_sql.tick_row import tick_row
from runrack_sql.tick_selection import TickSelection


class SqlScheduleStorage(SqlTickClaims, ScheduleStorage):
    """Keeps instigator states and ticks as JSON, with columns for what is searched."""

    @override
    @repeatable
    def all_instigator_state(
        self,
        repository_selector_id: str | None = None,
        instigator_type: InstigatorType | None = None,
        instigator_statuses: Collection[InstigatorStatus] | None = None,
    ) -> Sequence[InstigatorState]:
        statement = select(instigators.c.body).order_by(instigators.c.id)
        if repository_selector_id is not None:
            statement = statement.where(instigators.c.repository_selector_id == repository_selector_id)
        if instigator_type is not None:
            statement = statement.where(instigators.c.instigator_type == instigator_type.value)
        if instigator_statuses:
            statuses = [status.value for status in instigator_statuses]
            statement = statement.where(instigators.c.status.in_(statuses))
        with self.database.read() as conn:
            return [decode_instigator_state(body) for body in conn.execute(statement).scalars()]

    @override
    @repeatable
    def get_instigator_state(self, selector_id: str) -> InstigatorState | None:
        statement = select(instigators.c.body).where(instigators.c.selector_id == selector_id)
        with self.database.read() as conn:
            body = conn.execute(statement).scalar()
        return None if body is None else decode_instigator_state(body)

    @override
    @repeatable_if_undone
    def add_instigator_state(self, state: InstigatorState) -> InstigatorState:
        with self.database.write() as conn:
            try:
                conn.execute(insert(instigators), _state_row(state))
            except IntegrityError as error:
                raise AlreadyExistsError(
                    f"a state of {state.origin.instigator_name!r} is stored already: update it instead"
                ) from error
        return state

    @override
    @repeatable
    def update_instigator_state(self, state: InstigatorState) -> InstigatorState:
        statement = update(instigators).where(instigators.c.selector_id == state.selector_id)
        with self.database.write() as conn:
            if conn.execute(statement.values(_state_row(state))).rowcount == 0:
                raise NotFoundError(f"no state of {state.origin.instigator_name!r} is stored: add it instead")
        return state

    @override
    @repeatable
    def change_instigator_state(
        self, selector_id: str, change: Callable[[InstigatorState], InstigatorState]
    ) -> InstigatorState:
        is_it = instigators.c.selector_id == selector_id
        with self.database.write() as conn:
            body = conn.execute(select(instigators.c.body).where(is_it).with_for_update()).scalar()
            if body is None:
                raise NotFoundError(f"no instigator state with selector id {selector_id!r} is stored")
            changed = change(decode_instigator_state(body))
            conn.execute(update(instigators).where(is_it).values(_state_row(changed)))
        return changed

    @override
    @repeatable_if_undone
    def delete_instigator_state(self, selector_id: str) -> None:
        with self.database.write() as conn:
            if (
                conn.execute(delete(instigators).where(instigators.c.selector_id == selector_id)).rowcount
                == 0
            ):
                raise NotFoundError(f"no instigator state with selector id {selector_id!r} is stored")

    @override
    @repeatable_if_undone
    def create_tick(self, tick_data: TickData) -> InstigatorTick:
        with self.database.write() as conn:
            added = conn.execute(insert(ticks), tick_row(tick_data))
            # Not `RETURNING`, which MySQL does not know.
            tick_id: int = added.inserted_primary_key[0]  # type: ignore[index] # there is one row
        return InstigatorTick(tick_id, tick_data)

    @override
    @repeatable
    def update_tick(self, tick: InstigatorTick) -> InstigatorTick:
        statement = update(ticks).where(ticks.c.id == tick.tick_id).values(tick_row(tick.tick_data))
        if tick.status is not TickStatus.STARTED:
            statement = statement.values(NOBODY)
        with self.database.write() as conn:
            if conn.execute(statement).rowcount == 0:
                raise NotFoundError(f"no tick with id {tick.tick_id} is stored")
        return tick

    @override
    @repeatable
    def get_ticks(
        self,
        selector_ids: Collection[str] | None = None,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Collection[TickStatus] | None = None,
        tick_ids: Collection[int] | None = None,
    ) -> Sequence[InstigatorTick]:
        selection = TickSelection(selector_ids, before, after, limit, statuses, tick_ids)
        with self.database.read() as conn:
            return selection.read(conn)

    @override
    @repeatable
    def purge_ticks(
        self, selector_id: str, before: float, tick_statuses: Collection[TickStatus] | None = None
    ) -> None:
        doomed = delete(ticks).where(ticks.c.selector_id == selector_id, ticks.c.timestamp < before)
        if tick_statuses:
            doomed = doomed.where(ticks.c.status.in_([status.value for status in tick_statuses]))
        with self.database.write() as conn:
            conn.execute(doomed)

    @override
    @repeatable
    def wipe(self) -> None:
        with self.database.write() as conn:
            conn.execute(delete(instigators))
            conn.execute(delete(ticks))


def _state_row(state: InstigatorState) -> dict[str, Any]:
    return {
        "selector_id": state.selector_id,
        "repository_selector_id": state.origin.repository_selector_id,
        "instigator_type": state.instigator_type.value,
        "status": state.status.value,
        "body": encode(state),
    }
