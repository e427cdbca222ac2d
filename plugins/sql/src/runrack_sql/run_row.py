"""Runs as rows, and back."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, select

from runrack.errors import RecordDecodeError
from runrack.records.codec import decode_run, encode
from runrack.records.run import Run, RunRecord
from runrack.records.run_status import RunStatus
from runrack.records.tags import priority_of
from runrack_sql.limit import chunks
from runrack_sql.moment import from_microseconds, to_microseconds
from runrack_sql.schema import run_tags
from runrack_sql.statement import AnyRow
from runrack_sql.text_key import head


class RunRow(NamedTuple):
    """A row as a driver gives it."""

    id: int
    run_id: str
    job_name: str
    status: str
    job_snapshot_id: str | None
    created_us: int
    updated_us: int
    start_time: float | None
    end_time: float | None
    epoch: int
    owner: str | None
    lease_expires_us: int | None
    body: str
    turn: int


def run_row(run: Run, created: datetime) -> dict[str, Any]:
    """Return the row of a new run; its tags are rows of their own."""
    created_us = to_microseconds(created)
    return {
        "run_id": run.run_id,
        "job_name": run.job_name,
        "status": run.status.value,
        "job_snapshot_id": run.job_snapshot_id,
        "created_us": created_us,
        "updated_us": created_us,
        "epoch": 0,
        "turn": turn(run.tags),
        "body": encode(run.with_tags({})),
    }


def turn(tags: Mapping[str, str]) -> int:
    """Return by what queued runs with these tags are ordered: lower is earlier."""
    return -priority_of(tags)


def tag_rows(row_id: int, tags: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows of the tags of the run in the row `row_id`."""
    return [
        {"run_row": row_id, "key": key, "value_head": head(value), "value": value}
        for key, value in tags.items()
    ]


def read_tags(
    conn: Connection, row_ids: Sequence[int], keys: Collection[str] | None = None
) -> Mapping[int, dict[str, str]]:
    """Return row of a run to its tags, only those with `keys` when given: one query for a page of runs."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for portion in chunks(row_ids):
        statement = select(run_tags.c.run_row, run_tags.c.key, run_tags.c.value)
        if keys is not None:
            statement = statement.where(run_tags.c.key.in_(keys))
        for row_id, key, value in conn.execute(statement.where(run_tags.c.run_row.in_(portion))):
            found[row_id][key] = value
    return found


def run_record(row: AnyRow | RunRow, tags: dict[str, str]) -> RunRecord:
    """Return the record of a stored run.

    Raises:
        RecordDecodeError: The row is damaged.
    """
    return RunRecord(
        storage_id=row.id,
        run=_run(row, tags),
        create_timestamp=from_microseconds(row.created_us),
        update_timestamp=from_microseconds(row.updated_us),
        start_time=row.start_time,
        end_time=row.end_time,
        epoch=row.epoch,
        owner=row.owner,
        lease_expires=None if row.lease_expires_us is None else from_microseconds(row.lease_expires_us),
    )


def _run(row: AnyRow | RunRow, tags: dict[str, str]) -> Run:
    try:
        run = decode_run(row.body)
    except RecordDecodeError as error:
        raise RecordDecodeError(f"run {row.run_id!r}: {error}", row.run_id) from error
    # Nobody else has seen this object yet. Replacing the fields would check the run again, and a run that some event
    # moved into a state that a new run must not have would make every list with it unreadable.
    msgspec.structs.force_setattr(run, "status", RunStatus(row.status))
    msgspec.structs.force_setattr(run, "tags", tags)
    return run
