"""Which events of an asset count: those that no wipe hides."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from runrack_sql.schema import asset_partition_wipes, assets, events


def visible_events(asset_digest: Any) -> Iterable[ColumnElement[bool]]:
    """Yield the conditions for the events of one asset that neither a wipe of it nor one of their partition hides.

    Args:
        asset_digest: Which asset: a value, or a parameter to be bound.
    """
    hidden = select(assets.c.wipe_storage_id).where(assets.c.digest == asset_digest).scalar_subquery()
    wipe = asset_partition_wipes.c
    yield events.c.asset_digest == asset_digest
    yield events.c.id > func.coalesce(hidden, 0)
    yield ~exists().where(
        wipe.asset_digest == asset_digest,
        wipe.partition_digest == events.c.partition_digest,
        wipe.storage_id >= events.c.id,
    )
