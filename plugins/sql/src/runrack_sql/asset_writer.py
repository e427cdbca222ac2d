"""AssetWriter: keeps the latest state of assets in step with the log."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, delete, func, or_, select, update

from runrack.records.asset_key import AssetKey
from runrack.records.event import EventLogRecord
from runrack.records.event_type import EventType
from runrack_sql.asset_fallback import fall_back_from_partitions
from runrack_sql.asset_plans import PlanWriter
from runrack_sql.dialect import Dialect, NewRow
from runrack_sql.event_writer import CATALOGUED
from runrack_sql.limit import chunks
from runrack_sql.row_insert import RowInsert
from runrack_sql.schema import asset_partition_wipes, asset_partitions, asset_plans, assets, event_ids
from runrack_sql.text_key import digest, head

_GIVEN = tuple(column.name for column in assets.columns if column.name != "id")
"""The columns of a new asset; the database gives the id."""

_STATE = (
    "last_materialization_id",
    "last_materialization_body",
    "last_observation_id",
    "last_observation_body",
    "last_planned_id",
    "last_planned_run_id",
    "last_run_id",
)
"""Columns that an event sets or leaves as they are."""


class AssetWriter:
    """Changes the latest state of assets."""

    def __init__(self, dialect: Dialect) -> None:
        self._upsert = RowInsert(dialect.upsert(assets, ["digest"], _newer_state), dialect, _GIVEN)
        self._upsert_partition = RowInsert(
            dialect.replace(asset_partitions, ["asset_digest", "event_type", "partition_digest"]), dialect
        )
        self.plans = PlanWriter(dialect)

    def follow(
        self, conn: Connection, records: Iterable[EventLogRecord], rows: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Apply newly stored records, oldest first, but for those that came late.

        Args:
            conn: In whose transaction.
            records: The records.
            rows: Event id to the row that was stored for it.
        """
        new = [record for record in records if not record.late]
        states: dict[str, dict[str, Any]] = {}
        partitions: dict[tuple[str, str, str], dict[str, Any]] = {}
        for record in new:
            event = record.event_log_entry.event
            if event is None or event.event_type not in CATALOGUED:
                continue
            row = rows[record.event_log_entry.event_id]
            key = row["asset_digest"]
            _merge(states.setdefault(key, _no_state(key, event.asset_key)), record, row["body"])
            if event.partition is not None:
                place = (key, row["event_type"], row["partition_digest"])
                partitions[place] = _partition_row(place, event.partition, record)
        # In the order of their keys, so that two writers never wait for each other's rows.
        if states:
            self._upsert.run(conn, [states[key] for key in sorted(states)])
        if partitions:
            self._upsert_partition.run(conn, [partitions[place] for place in sorted(partitions)])
        self.plans.follow(conn, new, rows)


def wipe_asset(conn: Connection, key: AssetKey) -> None:
    """Forget the state of an asset and hide all events stored for it until now."""
    key_digest = digest(key.to_string())
    conn.execute(
        update(assets)
        .where(assets.c.digest == key_digest)
        .values(
            **dict.fromkeys(_STATE),
            live_timestamp=None,
            wipe_timestamp=time.time(),
            wipe_storage_id=select(event_ids.c.last).scalar_subquery(),
        )
    )
    for table in (asset_partitions, asset_plans, asset_partition_wipes):
        conn.execute(delete(table).where(table.c.asset_digest == key_digest))


def wipe_asset_partitions(
    conn: Connection, dialect: Dialect, key: AssetKey, partitions: Collection[str]
) -> None:
    """Forget the state of some partitions of an asset, and hide all events stored for them until now."""
    key_digest = digest(key.to_string())
    last = conn.execute(select(event_ids.c.last)).scalar_one()
    digests = sorted({digest(partition) for partition in partitions})
    hide = dialect.replace(asset_partition_wipes, ["asset_digest", "partition_digest"])
    for portion in chunks(digests):
        conn.execute(
            hide,
            [{"asset_digest": key_digest, "partition_digest": each, "storage_id": last} for each in portion],
        )
        for table in (asset_partitions, asset_plans):
            conn.execute(
                delete(table).where(table.c.asset_digest == key_digest, table.c.partition_digest.in_(portion))
            )
    fall_back_from_partitions(conn, key_digest, digests)


def _no_state(key_digest: str, asset_key: AssetKey | None) -> dict[str, Any]:
    text = "" if asset_key is None else asset_key.to_string()
    return {
        **dict.fromkeys(_GIVEN),
        "digest": key_digest,
        "asset_head": head(text),
        "asset_key": text,
    }


def _merge(state: dict[str, Any], record: EventLogRecord, body: str) -> None:
    """Note in the row of an asset what one event says about it."""
    event_type = record.event_type
    if event_type is EventType.ASSET_MATERIALIZATION:
        state.update(last_materialization_id=record.storage_id, last_materialization_body=body)
    elif event_type is EventType.ASSET_OBSERVATION:
        state.update(last_observation_id=record.storage_id, last_observation_body=body)
    else:
        state.update(last_planned_id=record.storage_id, last_planned_run_id=record.run_id)
    if event_type is not EventType.ASSET_OBSERVATION:
        state.update(last_run_id=record.run_id)
    live = state["live_timestamp"]
    state["live_timestamp"] = record.timestamp if live is None else max(live, record.timestamp)


def _newer_state(new: NewRow) -> Mapping[str, ColumnElement[Any]]:
    old_live, new_live = assets.c.live_timestamp, new.live_timestamp
    is_later = or_(old_live.is_(None), new_live > old_live)
    kept_unless_given = {name: func.coalesce(new[name], assets.c[name]) for name in _STATE}
    return {**kept_unless_given, "live_timestamp": case((is_later, new_live), else_=old_live)}


def _partition_row(place: Sequence[str], partition: str, record: EventLogRecord) -> dict[str, Any]:
    asset_digest, event_type, partition_digest = place
    return {
        "asset_digest": asset_digest,
        "event_type": event_type,
        "partition_digest": partition_digest,
        "partition": partition,
        "storage_id": record.storage_id,
        "run_id": record.run_id,
    }
