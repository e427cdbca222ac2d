"""AssetCatalog: knows the latest state of every asset."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

from runrack.records.asset_key import AssetKey
from runrack.records.asset_record import AssetRecord
from runrack.records.event import EventLogEntry
from runrack.records.event_type import EventType


class AssetCatalog(ABC):
    """Knows the latest state of every asset, kept up to date with each stored event, never derived from history.

    An asset is in the catalog after a materialization, an observation or a plan was stored for it; after a wipe, only
    when one of those carries a later timestamp than the wipe. For each such event, in the step that stores it:

    - materialization: becomes the latest one (the one written last, whatever its timestamp) and sets the last run id;
    - plan: becomes the latest plan and sets the last run id;
    - observation: becomes the latest one.
    """

    @abstractmethod
    def get_asset_records(self, asset_keys: Collection[AssetKey] | None = None) -> Sequence[AssetRecord]:
        """Return the records of the given assets, or of all, ordered by the text of the key.

        - Unknown and wiped assets are left out, duplicates collapse, an empty collection gives nothing.
        """

    @abstractmethod
    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[AssetKey]:
        """Return the keys in the catalog, ordered by their text (`AssetKey.to_string`, by code point).

        - `prefix` are whole leading components; nothing in it is a wildcard.
        - `cursor` is the text of a key, exclusive; it need not exist.
        - `limit` 0 gives nothing, None everything.

        Raises:
            InvalidArgumentError: The limit is negative, or the cursor is no key's text.
        """

    @abstractmethod
    def wipe_asset(self, asset_key: AssetKey) -> None:
        """Hide all that was stored for the asset until now from every asset query; the logs of runs keep it.

        - An unknown asset is no error.
        """

    @abstractmethod
    def get_latest_storage_id_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        partitions: Collection[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, int]:
        """Return partition to the storage id of its newest event of this type since the last wipe.

        - `event_type` is ASSET_MATERIALIZATION, ASSET_OBSERVATION or ASSET_MATERIALIZATION_PLANNED.
        - Events without a partition do not count. `partitions` None or empty means all.
        - Partitions whose newest id is not above `after_cursor` are left out.
        """

    def has_asset_key(self, asset_key: AssetKey) -> bool:
        """Tell whether the asset is in the catalog."""
        return bool(self.get_asset_records([asset_key]))

    def all_asset_keys(self) -> Sequence[AssetKey]:
        """Return every key in the catalog, ordered by its text."""
        return self.get_asset_keys()

    def get_latest_materialization_events(
        self, asset_keys: Collection[AssetKey]
    ) -> Mapping[AssetKey, EventLogEntry | None]:
        """Return key to its latest materialization; keys that are not in the catalog are left out."""
        records = self.get_asset_records(asset_keys)
        return {record.asset_entry.asset_key: record.asset_entry.last_materialization for record in records}

    def get_materialized_partitions(
        self, asset_key: AssetKey, before_cursor: int | None = None, after_cursor: int | None = None
    ) -> set[str]:
        """Return the partitions with a newest materialization between the two storage ids, both exclusive."""
        newest = self.get_latest_storage_id_by_partition(
            asset_key, EventType.ASSET_MATERIALIZATION, after_cursor=after_cursor
        )
        return {
            name for name, storage_id in newest.items() if before_cursor is None or storage_id < before_cursor
        }
