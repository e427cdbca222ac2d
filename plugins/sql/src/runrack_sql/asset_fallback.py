"""What becomes of the state of assets when events on which it rests are deleted or hidden."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select, update

from runrack.records.event_type import EventType
from runrack_sql.asset_visibility import visible_events
from runrack_sql.limit import chunks
from runrack_sql.schema import asset_partitions, assets, events
from runrack_sql.statement import AnyRow

_LATEST_COLUMNS = {
    EventType.ASSET_MATERIALIZATION: ("last_materialization_id", "last_materialization_body"),
    EventType.ASSET_OBSERVATION: ("last_observation_id", "last_observation_body"),
    EventType.ASSET_MATERIALIZATION_PLANNED: ("last_planned_id", "last_planned_run_id"),
}
"""The columns of `assets` that hold the latest event of a type: its id, and what is known of it."""

_newest_of_partition = (
    select(events.c.id, events.c.run_id)
    .where(
        *visible_events(bindparam("of_asset")),
        events.c.event_type == bindparam("of_type"),
        events.c.partition_digest == bindparam("of_partition"),
    )
    .order_by(events.c.id.desc())
    .limit(1)
)


def fall_back_from_partitions(conn: Connection, asset_digest: str, partition_digests: Sequence[str]) -> None:
    """Let an asset whose latest events belong to these partitions, now hidden, fall back to those that count."""
    for event_type, (id_column, _) in _LATEST_COLUMNS.items():
        latest = select(assets.c[id_column]).where(assets.c.digest == asset_digest).scalar_subquery()
        partition = conn.execute(select(events.c.partition_digest).where(events.c.id == latest)).scalar()
        if partition in partition_digests:
            _fall_back(conn, asset_digest, event_type)


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
            _fall_back(self._conn, asset.digest, EventType.ASSET_MATERIALIZATION)
        for partition in self._partitions:
            self._fall_back_partition(partition)

    def _assets_of_run(self, run_id: str, digests: Sequence[str]) -> Sequence[AnyRow]:
        statement = (
            select(assets.c.digest)
            .join(events, events.c.id == assets.c.last_materialization_id)
            .where(assets.c.digest.in_(digests), events.c.run_id == run_id)
        )
        return self._conn.execute(statement).all()

    def _partitions_of_run(self, run_id: str, digests: Sequence[str]) -> Sequence[AnyRow]:
        partition = asset_partitions.c
        statement = (
            select(partition.asset_digest, partition.event_type, partition.partition_digest)
            .join(events, events.c.id == partition.storage_id)
            .where(partition.asset_digest.in_(digests), events.c.run_id == run_id)
        )
        return self._conn.execute(statement).all()

    def _fall_back_partition(self, partition: AnyRow) -> None:
        newest = self._conn.execute(
            _newest_of_partition,
            {
                "of_asset": partition.asset_digest,
                "of_type": partition.event_type,
                "of_partition": partition.partition_digest,
            },
        ).first()
        row = (
            asset_partitions.c.asset_digest == partition.asset_digest,
            asset_partitions.c.event_type == partition.event_type,
            asset_partitions.c.partition_digest == partition.partition_digest,
        )
        change = (
            delete(asset_partitions)
            if newest is None
            else update(asset_partitions).values(storage_id=newest.id, run_id=newest.run_id)
        )
        self._conn.execute(change.where(*row))


def _fall_back(conn: Connection, asset_digest: str, event_type: EventType) -> None:
    """Make the newest event of a type that counts the latest one of the asset; none when there is none."""
    known_of_it = events.c.run_id if event_type is EventType.ASSET_MATERIALIZATION_PLANNED else events.c.body
    newest = conn.execute(
        select(events.c.id, known_of_it)
        .where(*visible_events(asset_digest), events.c.event_type == event_type.value)
        .order_by(events.c.id.desc())
        .limit(1)
    ).first()
    values = dict(zip(_LATEST_COLUMNS[event_type], newest or (None, None), strict=True))
    conn.execute(update(assets).where(assets.c.digest == asset_digest).values(values))
