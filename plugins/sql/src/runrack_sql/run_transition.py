"""RunTransitions: the guarded changes of a run's status."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Update, bindparam, null, select, update

from runrack.records import tags as tag_names
from runrack.records.event import Event
from runrack.records.event_data import RunFailureData
from runrack.records.event_type import STATUS_AFTER
from runrack.records.run import RunFailureReason
from runrack.records.run_status import ALLOWED_BEFORE, FINISHED, RunStatus
from runrack_sql.dialect import Dialect
from runrack_sql.moment import to_microseconds
from runrack_sql.prepared import Prepared
from runrack_sql.run_row import tag_rows
from runrack_sql.schema import run_tags, runs

_row_of_run = select(runs.c.id).where(runs.c.run_id == bindparam("of_run"))
_epoch_of_run = select(runs.c.epoch).where(runs.c.run_id == bindparam("of_run")).with_for_update()


class RunTransitions:
    """Moves runs along their state machine: one guarded update, so that of two rivals one wins."""

    def __init__(self, dialect: Dialect) -> None:
        self._updates = {
            (status, fenced): Prepared(_guarded_update(status, fenced=fenced), dialect)
            for status in STATUS_AFTER.values()
            for fenced in (False, True)
        }
        self._find = Prepared(_row_of_run, dialect)
        self._hold_epoch = Prepared(_epoch_of_run, dialect)
        self._set_tag = Prepared(dialect.replace(run_tags, ["run_row", "key"]), dialect)

    def apply(
        self, conn: Connection, run_id: str, event: Event, moment: datetime, epoch: int | None = None
    ) -> bool:
        """Move the run to the status that `event` implies, and tell whether it did.

        As `RunStorage.handle_run_event`, inside the transaction of `conn`.
        """
        status = STATUS_AFTER.get(event.event_type)
        if status is None:
            return False
        values = {
            "of_run": run_id,
            "of_epoch": epoch,
            "now_us": to_microseconds(moment),
            "now": moment.timestamp(),
        }
        if self._updates[status, epoch is not None].run(conn, values).rowcount == 0:
            return False
        self._note_failure_reason(conn, run_id, event)
        return True

    def has_run(self, conn: Connection, run_id: str) -> bool:
        """Tell whether the run is stored."""
        return self._row_id(conn, run_id) is not None

    def hold_epoch(self, conn: Connection, run_id: str) -> int | None:
        """Return the epoch of a run, and keep it from changing until the transaction ends; None for an unknown run."""
        row = self._hold_epoch.run(conn, {"of_run": run_id}).fetchone()
        return None if row is None else row[0]

    def _note_failure_reason(self, conn: Connection, run_id: str, event: Event) -> None:
        failure = event.event_specific_data
        if not isinstance(failure, RunFailureData) or failure.failure_reason is RunFailureReason.UNKNOWN:
            return
        row_id = self._row_id(conn, run_id)
        if row_id is not None:
            self._set_tag.run_many(
                conn, tag_rows(row_id, {tag_names.FAILURE_REASON: failure.failure_reason.value})
            )

    def _row_id(self, conn: Connection, run_id: str) -> int | None:
        row = self._find.run(conn, {"of_run": run_id}).fetchone()
        return None if row is None else row[0]


def _guarded_update(status: RunStatus, *, fenced: bool) -> Update:
    changes: dict[str, Any] = {"status": status.value, "updated_us": bindparam("now_us")}
    if status is RunStatus.STARTED:
        changes["start_time"] = bindparam("now")
    if status in FINISHED:
        changes |= {"end_time": bindparam("now"), "owner": null(), "lease_expires_us": null()}
    allowed = sorted(before.value for before in ALLOWED_BEFORE[status])
    statement = (
        update(runs)
        .values(changes)
        .where(
            runs.c.run_id == bindparam("of_run"),
            runs.c.status.in_([bindparam(f"before_{n}", before) for n, before in enumerate(allowed)]),
        )
    )
    return statement.where(runs.c.epoch == bindparam("of_epoch")) if fenced else statement
