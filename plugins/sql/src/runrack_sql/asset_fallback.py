"""What becomes of the state of assets when the log of a run is deleted."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, func, select, update

from runrack.records.event_type import EventType
from runrack_sql.limit import chunks
from runrack_sql.schema import asset_partitions, assets, events
from runrack_sql.statement import AnyRow

_newest_of_partition = select(func.max(events.c.id)).where(
    events.c.asset_digest == bindparam("of_asset"),
    events.c.event_type == bindparam("of_type"),
    events.c.partition_digest == bindparam("of_partition"),
    events.c.id > bindparam("hidden"),
)


class AssetFallback:
    """The state that rests on the events of one run, found before they are deleted and replaced after."""

    def __init__(self, conn: Connection, run_id: str) -> None:
        self._conn = conn
        of_run = (events.c.run_id == run_id, events.c.asset_digest.is_not(None))
        touched = conn.execute(select(events.c.asset_digest).where(*of_run).distinct()).scalars().all()
        self._assets: list[AnyRow] = []
        self._partitions: list[AnyRow] = []
        for portion in chunks(touched):
            self._assets += self._assets_of_run(run_id, portion)
            self._partitions += self._partitions_of_run(run_id, portion)

    def apply(self) -> None:
        """Let each asset and partition fall back to its newest event that remains, or to none."""
        for asset in self._assets:
            self._fall_back(asset)
        for partition in self._partitions:
            self._fall_back_partition(partition)

    def _assets_of_run(self, run_id: str, digests: Sequence[str]) -> Sequence[AnyRow]:
        statement = (
            select(assets.c.digest, assets.c.wipe_storage_id)
            .join(events, events.c.id == assets.c.last_materialization_id)
            .where(assets.c.digest.in_(digests), events.c.run_id == run_id)
        )
        return self._conn.execute(statement).all()

    def _partitions_of_run(self, run_id: str, digests: Sequence[str]) -> Sequence[AnyRow]:
        partition = asset_partitions.c
        statement = (
            select(
                partition.asset_digest,
                partition.event_type,
                partition.partition_digest,
                assets.c.wipe_storage_id,
            )
            .join(events, events.c.id == partition.storage_id)
            .join(assets, assets.c.digest == partition.asset_digest)
            .where(partition.asset_digest.in_(digests), events.c.run_id == run_id)
        )
        return self._conn.execute(statement).all()

    def _fall_back(self, asset: AnyRow) -> None:
        newest = self._conn.execute(
            select(events.c.id, events.c.body)
            .where(
                events.c.asset_digest == asset.digest,
                events.c.event_type == EventType.ASSET_MATERIALIZATION.value,
                events.c.id > (asset.wipe_storage_id or 0),
            )
            .order_by(events.c.id.desc())
            .limit(1)
        ).first()
        storage_id, body = (None, None) if newest is None else newest
        self._conn.execute(
            update(assets)
            .where(assets.c.digest == asset.digest)
            .values(last_materialization_id=storage_id, last_materialization_body=body)
        )

    def _fall_back_partition(self, partition: AnyRow) -> None:
        newest = self._conn.execute(
            _newest_of_partition,
            {
                "of_asset": partition.asset_digest,
                "of_type": partition.event_type,
                "of_partition": partition.partition_digest,
                "hidden": partition.wipe_storage_id or 0,
            },
        ).scalar()
        row = (
            asset_partitions.c.asset_digest == partition.asset_digest,
            asset_partitions.c.event_type == partition.event_type,
            asset_partitions.c.partition_digest == partition.partition_digest,
        )
        change = (
            delete(asset_partitions) if newest is None else update(asset_partitions).values(storage_id=newest)
        )
        self._conn.execute(change.where(*row))
