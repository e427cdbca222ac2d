"""LedgerStates: keeps the states of schedules and sensors."""

import sqlite3
from collections.abc import Callable, Collection, Sequence

from typing_extensions import override

from runrack.errors import AlreadyExistsError, NotFoundError
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.records.codec import decode_instigator_state, encode
from runrack.records.tick import InstigatorState, InstigatorStatus, InstigatorType
from runrack_ledger.file import LedgerFile


class LedgerStates(ScheduleStorage):
    """The half of the storage that keeps states. There are as many as schedules and sensors: Python filters them."""

    _file: LedgerFile

    @override
    def all_instigator_state(
        self,
        repository_selector_id: str | None = None,
        instigator_type: InstigatorType | None = None,
        instigator_statuses: Collection[InstigatorStatus] | None = None,
    ) -> Sequence[InstigatorState]:
        with self._file.reading() as conn:
            rows = conn.execute("SELECT body FROM states ORDER BY id").fetchall()
        return [
            state
            for state in (decode_instigator_state(body) for (body,) in rows)
            if repository_selector_id in {None, state.origin.repository_selector_id}
            and instigator_type in {None, state.instigator_type}
            and (not instigator_statuses or state.status in instigator_statuses)
        ]

    @override
    def get_instigator_state(self, selector_id: str) -> InstigatorState | None:
        with self._file.reading() as conn:
            return _find_state(conn, selector_id)

    @override
    def add_instigator_state(self, state: InstigatorState) -> InstigatorState:
        statement = "INSERT INTO states (selector_id, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
        with self._file.writing() as conn:
            if conn.execute(statement, (state.selector_id, encode(state))).rowcount == 0:
                raise AlreadyExistsError(
                    f"a state of {state.origin.instigator_name!r} is stored: update it instead"
                )
        return state

    @override
    def update_instigator_state(self, state: InstigatorState) -> InstigatorState:
        return self.change_instigator_state(state.selector_id, lambda _: state)

    @override
    def change_instigator_state(
        self, selector_id: str, change: Callable[[InstigatorState], InstigatorState]
    ) -> InstigatorState:
        with self._file.writing() as conn:
            found = _find_state(conn, selector_id)
            if found is None:
                raise NotFoundError(f"no state with selector id {selector_id!r} is stored")
            changed = change(found)
            conn.execute("UPDATE states SET body = ? WHERE selector_id = ?", (encode(changed), selector_id))
        return changed

    @override
    def delete_instigator_state(self, selector_id: str) -> None:
        with self._file.writing() as conn:
            if conn.execute("DELETE FROM states WHERE selector_id = ?", (selector_id,)).rowcount == 0:
                raise NotFoundError(f"no state with selector id {selector_id!r} is stored")


def _find_state(conn: sqlite3.Connection, selector_id: str) -> InstigatorState | None:
    row = conn.execute("SELECT body FROM states WHERE selector_id = ?", (selector_id,)).fetchone()
    return None if row is None else decode_instigator_state(row[0])
