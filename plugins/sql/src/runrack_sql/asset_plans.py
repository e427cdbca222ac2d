"""PlanWriter: keeps what runs are going to write in step with the log."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from runrack.records.event import EventLogRecord
from runrack.records.event_type import EventType
from runrack_sql.dialect import Dialect
from runrack_sql.limit import chunks
from runrack_sql.prepared import Prepared
from runrack_sql.row_insert import RowInsert
from runrack_sql.schema import asset_plans
from runrack_sql.statement import AnyRow

_DECIDED_BY = frozenset({EventType.RUN_SUCCESS, EventType.RUN_FAILURE})

_plan = asset_plans.c
_of_run = _plan.run_id == bindparam("of_run")
_of_partition = (
    _plan.asset_digest == bindparam("of_asset"),
    _plan.partition_digest == bindparam("of_partition"),
)

Place = tuple[str, str]
"""The digest of an asset and that of a partition."""


class PlanWriter:
    """Follows plans, what fulfils them, and what decides them."""

    def __init__(self, dialect: Dialect) -> None:
        self._keep = RowInsert(
            dialect.replace(asset_plans, ["asset_digest", "partition_digest", "run_id"]), dialect
        )
        self._fulfil = Prepared(delete(asset_plans).where(*_of_partition), dialect)
        self._drop = Prepared(delete(asset_plans).where(*_of_partition, _of_run), dialect)
        self._drop_run = Prepared(delete(asset_plans).where(_of_run), dialect)
        self._find_run = Prepared(select(_plan.asset_digest, _plan.partition_digest).where(_of_run), dialect)

    def follow(
        self, conn: Connection, records: Iterable[EventLogRecord], rows: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Apply newly stored records, oldest first. Arguments as of `AssetWriter.follow`."""
        planned: dict[Place, dict[str, dict[str, Any]]] = {}
        written: set[Place] = set()
        for record in records:
            event_type = record.event_log_entry.event_type
            row = rows[record.event_log_entry.event_id]
            place = (row["asset_digest"], row["partition_digest"])
            if event_type is EventType.ASSET_MATERIALIZATION:
                planned.pop(place, None)
                written.add(place)
            elif event_type is EventType.ASSET_MATERIALIZATION_PLANNED and record.partition_key is not None:
                planned.setdefault(place, {})[record.run_id] = _plan_row(place, record, record.partition_key)
            elif (event_type in _DECIDED_BY or event_type is EventType.RUN_CANCELED) and not record.late:
                self._store(conn, planned, written)
                self._end(conn, record.run_id, is_decided=event_type in _DECIDED_BY)
        self._store(conn, planned, written)

    def drop_run(self, conn: Connection, run_id: str) -> None:
        """Forget what a run was going to write."""
        self._drop_run.run(conn, {"of_run": run_id})

    def _store(
        self, conn: Connection, planned: dict[Place, dict[str, dict[str, Any]]], written: set[Place]
    ) -> None:
        """Store what was gathered, and gather anew. In the order of keys, so that no two writers wait for each other."""
        fulfilled = [
            {"of_asset": asset, "of_partition": partition}
            for asset, partition in sorted(place for place in written if place[1] is not None)
        ]
        if fulfilled:
            self._fulfil.run_many(conn, fulfilled)
        if planned:
            self._keep.run(
                conn,
                [planned[place][run_id] for place in sorted(planned) for run_id in sorted(planned[place])],
            )
        planned.clear()
        written.clear()

    def _end(self, conn: Connection, run_id: str, *, is_decided: bool) -> None:
        if not is_decided:
            self.drop_run(conn, run_id)
            return
        places = self._find_run.run(conn, {"of_run": run_id}).fetchall()
        if not places:  # the usual case: a run writes what it planned
            return
        conn.execute(update(asset_plans).where(_plan.run_id == run_id).values(is_decided=True))
        superseded = [
            {"of_asset": plan.asset_digest, "of_partition": plan.partition_digest, "of_run": plan.run_id}
            for plan in _superseded(conn, [(asset, partition) for asset, partition in places])
        ]
        if superseded:
            self._drop.run_many(conn, superseded)


def _superseded(conn: Connection, places: Sequence[Place]) -> Iterable[AnyRow]:
    """Yield the decided plans of these partitions that are not the newest ones."""
    partitions: dict[str, list[str]] = {}
    for asset, partition in places:
        partitions.setdefault(asset, []).append(partition)
    for asset, digests in partitions.items():
        for portion in chunks(digests):
            decided = conn.execute(
                select(_plan.asset_digest, _plan.partition_digest, _plan.run_id)
                .where(_plan.asset_digest == asset, _plan.partition_digest.in_(portion), _plan.is_decided)
                .order_by(_plan.storage_id.desc())
            ).all()
            seen: set[str] = set()
            for plan in decided:
                if plan.partition_digest in seen:
                    yield plan
                seen.add(plan.partition_digest)


def _plan_row(place: Place, record: EventLogRecord, partition: str) -> dict[str, Any]:
    asset_digest, partition_digest = place
    return {
        "asset_digest": asset_digest,
        "partition_digest": partition_digest,
        "run_id": record.run_id,
        "partition": partition,
        "storage_id": record.storage_id,
        "is_decided": False,
    }
