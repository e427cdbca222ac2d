"""Looks at the rows of a database for what contradicts itself."""

import time
from collections.abc import Sequence

from sqlalchemy import Connection, Table, and_, exists, func, not_, or_, select

from runrack.interfaces.storage import SchemaStatus
from runrack.interfaces.storage_check import Finding, Severity
from runrack.records.event_type import EventType
from runrack_sql.schema import (
    asset_partition_wipes,
    assets,
    event_ids,
    events,
    run_tags,
    runs,
    slot_claims,
)
from runrack_sql.statement import Query

_DAY_SECONDS = 86_400


def check_version(status: SchemaStatus) -> Finding:
    """Tell whether the tables have a version that this code can use."""
    found = f"version {status.current}" if status.current else "no tables yet"
    if status.is_usable or status.current is None:
        return Finding("version", Severity.OK, found)
    return Finding(
        "version", Severity.PROBLEM, f"{found}, needed is {status.latest}: `runrack storage migrate`"
    )


def check_rows(conn: Connection) -> Sequence[Finding]:
    """Return a finding for each thing that has to hold between rows."""
    return [check(conn) for check in (_check_ids, _check_age, _check_tags, _check_slots, _check_assets)]


def _check_ids(conn: Connection) -> Finding:
    given = conn.execute(select(event_ids.c.last)).scalar() or 0
    used = conn.execute(select(func.max(events.c.id))).scalar() or 0
    if used > given:
        return Finding(
            "event ids",
            Severity.PROBLEM,
            f"event {used} is stored, but {given} was given out last: restore a copy",
        )
    return Finding("event ids", Severity.OK, f"{used} is the newest of {given} given out")


def _check_age(conn: Connection) -> Finding:
    first = select(func.min(events.c.id)).scalar_subquery()
    stored = conn.execute(select(events.c.timestamp).where(events.c.id == first)).scalar()
    if stored is None:
        return Finding("log", Severity.OK, "empty")
    days = int((time.time() - stored) // _DAY_SECONDS)
    return Finding("log", Severity.OK, f"the oldest event is {days} days old")


def _check_tags(conn: Connection) -> Finding:
    has_run = exists().where(runs.c.id == run_tags.c.run_row)
    return _none_of(conn, "tags", run_tags, not_(has_run), "tags of runs that are not stored")


def _check_slots(conn: Connection) -> Finding:
    ended = exists().where(runs.c.run_id == slot_claims.c.run_id, runs.c.end_time.is_not(None))
    return _none_of(
        conn,
        "slots",
        slot_claims,
        ended,
        "slots claimed by runs that have ended: `free_concurrency_slots_for_run`",
    )


def _check_assets(conn: Connection) -> Finding:
    """Compare the state of each asset with the log, which may be shorter but never newer."""
    wiped = exists().where(
        asset_partition_wipes.c.asset_digest == events.c.asset_digest,
        asset_partition_wipes.c.partition_digest == events.c.partition_digest,
        asset_partition_wipes.c.storage_id >= events.c.id,
    )
    is_behind = [
        exists().where(
            events.c.asset_digest == assets.c.digest,
            events.c.event_type == event_type.value,
            events.c.id > func.coalesce(column, 0),
            events.c.id > func.coalesce(assets.c.wipe_storage_id, 0),
            not_(wiped),
        )
        for event_type, column in (
            (EventType.ASSET_MATERIALIZATION, assets.c.last_materialization_id),
            (EventType.ASSET_OBSERVATION, assets.c.last_observation_id),
        )
    ]
    return _none_of(conn, "assets", assets, or_(*is_behind), "assets whose state is older than their log")


def _none_of(conn: Connection, subject: str, table: Table, condition: object, what: str) -> Finding:
    statement: Query = select(func.count()).select_from(table).where(and_(condition))  # type: ignore[arg-type]
    count = conn.execute(statement).scalar() or 0
    if count:
        return Finding(subject, Severity.PROBLEM, f"{count} {what}")
    return Finding(subject, Severity.OK, f"no {what.partition(':')[0]}")
