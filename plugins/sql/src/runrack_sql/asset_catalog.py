"""SqlAssetCatalog: reads the latest state of assets from a database."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, or_, select
from typing_extensions import override

from runrack.interfaces.asset_catalog import AssetCatalog, check_partition_keys
from runrack.records.asset_key import AssetKey
from runrack.records.asset_record import AssetEntry, AssetRecord, PartitionEvent, PendingPlan
from runrack.records.event import EventLogRecord
from runrack.records.event_type import EventType
from runrack_sql.asset_writer import wipe_asset, wipe_asset_partitions
from runrack_sql.event_row import asset_digest, event_record
from runrack_sql.event_writer import hold_log
from runrack_sql.limit import KEYS_PER_QUERY, check_limit, chunks
from runrack_sql.part import SqlPart
from runrack_sql.retry import repeatable, repeatable_if_undone
from runrack_sql.schema import asset_partitions, asset_plans, assets
from runrack_sql.statement import AnyRow, Query
from runrack_sql.text_key import digest, head, starts_with

_is_listed = (
    assets.c.live_timestamp.is_not(None),
    or_(assets.c.wipe_timestamp.is_(None), assets.c.live_timestamp > assets.c.wipe_timestamp),
)


class SqlAssetCatalog(AssetCatalog, SqlPart):
    """Reads the catalog: the cost of a question does not depend on how long the history is."""

    @override
    @repeatable
    def get_asset_records(self, asset_keys: Collection[AssetKey] | None = None) -> Sequence[AssetRecord]:
        with self.database.read() as conn:
            rows = [row for query in _record_queries(asset_keys) for row in conn.execute(query)]
        return sorted((_record(row) for row in rows), key=_text_of)

    @override
    @repeatable
    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[AssetKey]:
        check_limit(limit)
        statement = select(assets.c.asset_key).where(*_is_listed)
        if prefix:
            # The text of a longer key goes on with a comma, so the bracket at the end is left out.
            stem = AssetKey(prefix).to_string()[:-1]
            statement = statement.where(starts_with(assets.c.asset_head, assets.c.asset_key, stem))
        if cursor is not None:
            AssetKey.from_string(cursor)
            statement = statement.where(assets.c.asset_head >= head(cursor), assets.c.asset_key > cursor)
        ordered = statement.order_by(assets.c.asset_head, assets.c.asset_key).limit(limit)
        with self.database.read() as conn:
            return [AssetKey.from_string(text) for text in conn.execute(ordered).scalars()]

    @override
    @repeatable_if_undone
    def wipe_asset(self, asset_key: AssetKey) -> None:
        with self.database.write() as conn:
            hold_log(conn)
            wipe_asset(conn, asset_key)

    @override
    @repeatable_if_undone
    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Collection[str]) -> None:
        checked_keys = check_partition_keys(partition_keys)
        with self.database.write() as conn:
            hold_log(conn)
            wipe_asset_partitions(conn, self.database.dialect, asset_key, checked_keys)

    @override
    @repeatable
    def get_latest_event_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        partitions: Collection[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, PartitionEvent]:
        latest = asset_partitions.c
        statement = select(latest.partition, latest.storage_id, latest.run_id).where(
            latest.asset_digest == asset_digest(asset_key), latest.event_type == event_type.value
        )
        if after_cursor is not None:
            statement = statement.where(latest.storage_id > after_cursor)
        rows = self._of_partitions(statement, latest.partition_digest, partitions)
        return {row.partition: PartitionEvent(row.storage_id, row.run_id or "") for row in rows}

    @override
    @repeatable
    def get_pending_plans(
        self, asset_key: AssetKey, partitions: Collection[str] | None = None
    ) -> Sequence[PendingPlan]:
        plan = asset_plans.c
        statement = select(plan.partition, plan.storage_id, plan.run_id).where(
            plan.asset_digest == asset_digest(asset_key)
        )
        rows = self._of_partitions(statement, plan.partition_digest, partitions)
        newest_first = sorted(rows, key=lambda row: row.storage_id, reverse=True)
        return [PendingPlan(row.partition, row.storage_id, row.run_id) for row in newest_first]

    def _of_partitions(
        self, statement: Query, column: ColumnElement[str], partitions: Collection[str] | None
    ) -> Sequence[AnyRow]:
        """Return the rows of some partitions of an asset; of all when there are none.

        Very many are picked from all partitions of the asset: it has about as many, and one query costs less than many.
        """
        wanted = set(partitions or ())
        if wanted and len(wanted) <= KEYS_PER_QUERY:
            statement = statement.where(column.in_(sorted(digest(partition) for partition in wanted)))
        with self.database.read() as conn:
            rows = conn.execute(statement).all()
        return [row for row in rows if row.partition in wanted] if len(wanted) > KEYS_PER_QUERY else rows


def _record_queries(asset_keys: Collection[AssetKey] | None) -> Sequence[Query]:
    listed = select(assets).where(*_is_listed)
    if asset_keys is None:
        return [listed]
    digests = {asset_digest(key) for key in asset_keys}
    return [listed.where(assets.c.digest.in_(portion)) for portion in chunks(digests)]


def _text_of(record: AssetRecord) -> str:
    return record.asset_entry.asset_key.to_string()


def _record(row: AnyRow) -> AssetRecord:
    entry = AssetEntry(
        asset_key=AssetKey.from_string(row.asset_key),
        last_materialization_record=_event(row.last_materialization_id, row.last_materialization_body),
        last_observation_record=_event(row.last_observation_id, row.last_observation_body),
        last_planned_materialization_storage_id=row.last_planned_id,
        last_planned_materialization_run_id=row.last_planned_run_id,
        last_run_id=row.last_run_id,
        last_wipe_timestamp=row.wipe_timestamp,
    )
    return AssetRecord(row.id, entry)


def _event(storage_id: int | None, body: str | None) -> EventLogRecord | None:
    return None if storage_id is None or body is None else event_record(storage_id, body, "")
