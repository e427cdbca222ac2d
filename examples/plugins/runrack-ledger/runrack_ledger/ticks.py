"""LedgerTicks: keeps what came of each evaluation of a schedule or sensor."""

import json
from collections.abc import Collection, Sequence

from typing_extensions import override

from runrack.errors import InvalidArgumentError, NotFoundError
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.records.codec import decode_tick, encode
from runrack.records.tick import InstigatorTick, TickData, TickStatus
from runrack_ledger.file import LedgerFile


class LedgerTicks(ScheduleStorage):
    """The half of the storage that keeps ticks: whole as JSON, with columns for what is searched."""

    _file: LedgerFile

    @override
    def create_tick(self, tick_data: TickData) -> InstigatorTick:
        with self._file.writing() as conn:
            (row,) = conn.execute(
                "INSERT INTO ticks (selector_id, timestamp, status, body)"
                " VALUES (:selector_id, :timestamp, :status, :body) RETURNING id, body",
                tick_row(tick_data),
            ).fetchall()
        return read_tick(row)

    @override
    def update_tick(self, tick: InstigatorTick) -> InstigatorTick:
        with self._file.writing() as conn:
            changed = conn.execute(
                "UPDATE ticks SET selector_id = :selector_id, timestamp = :timestamp, status = :status, body = :body"
                " WHERE id = :id",
                tick_row(tick.tick_data) | {"id": tick.tick_id},
            )
            if changed.rowcount == 0:
                raise NotFoundError(f"no tick with id {tick.tick_id} is stored")
            if tick.status is not TickStatus.STARTED:
                conn.execute("UPDATE ticks SET owner = NULL, expires = NULL WHERE id = ?", (tick.tick_id,))
        return tick

    @override
    def get_ticks(
        self,
        selector_ids: Collection[str] | None = None,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Collection[TickStatus] | None = None,
        tick_ids: Collection[int] | None = None,
    ) -> Sequence[InstigatorTick]:
        check_limit(limit)
        conditions = {  # a list is one parameter, so that it may be of any length
            "selector_id IN (SELECT value FROM json_each(?))": _as_json(selector_ids),
            "id IN (SELECT value FROM json_each(?))": _as_json(tick_ids),
            "status IN (SELECT value FROM json_each(?))": _as_json(statuses or None),
            "timestamp < ?": before,
            "timestamp > ?": after,
        }
        given = {condition: value for condition, value in conditions.items() if value is not None}
        where = " AND ".join(given) or "TRUE"
        group = "NULL" if selector_ids is None else "selector_id"
        place = f"row_number() OVER (PARTITION BY {group} ORDER BY timestamp DESC, id DESC)"
        statement = (
            f"SELECT id, body FROM (SELECT *, {place} AS place FROM ticks WHERE {where})"  # noqa: S608 - texts from above
            " WHERE place <= coalesce(?, place) ORDER BY timestamp DESC, id DESC"
        )
        with self._file.reading() as conn:
            return [read_tick(row) for row in conn.execute(statement, (*given.values(), limit))]

    @override
    def purge_ticks(
        self, selector_id: str, before: float, tick_statuses: Collection[TickStatus] | None = None
    ) -> None:
        with self._file.writing() as conn:
            conn.execute(
                "DELETE FROM ticks WHERE selector_id = :selector_id AND timestamp < :before"
                " AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))",
                {"selector_id": selector_id, "before": before, "statuses": _as_json(tick_statuses or None)},
            )


def tick_row(tick_data: TickData) -> dict[str, object]:
    """Return column to value of a tick that nobody has claimed."""
    return {
        "selector_id": tick_data.selector_id,
        "timestamp": tick_data.timestamp,
        "status": tick_data.status.value,
        "body": encode(tick_data),
    }


def read_tick(row: tuple[int, str]) -> InstigatorTick:
    """Return the tick of a row of its id and its body."""
    return InstigatorTick(row[0], decode_tick(row[1]))


def check_limit(limit: int | None) -> None:
    """Refuse a limit below 0; SQLite would take it for none."""
    if limit is not None and limit < 0:
        raise InvalidArgumentError("a limit is 0 or more; leave it out for no limit")


def _as_json(values: Collection[object] | None) -> str | None:
    return None if values is None else json.dumps(list(values))
