"""What is said about assets: materializations, observations and checks."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from runrack.errors import InvalidArgumentError
from runrack.records.asset_key import AssetKey, CoercibleToAssetKey
from runrack.records.metadata import MetadataEntry, RawMetadata, to_metadata
from runrack.records.record import Record


class _AssetFact(Record, frozen=True):
    asset_key: AssetKey
    description: str | None = None
    metadata: Mapping[str, MetadataEntry] = msgspec.field(default_factory=dict)
    partition: str | None = None
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        force = msgspec.structs.force_setattr
        force(self, "asset_key", AssetKey.from_event_argument(self.asset_key))
        force(self, "metadata", to_metadata(self.metadata))
        force(self, "tags", check_tags(self.tags))
        force(self, "partition", check_partition(self.partition))


class AssetMaterialization(_AssetFact, frozen=True):
    """Says that an asset was written.

    Attributes:
        asset_key: Which asset; a string is split where it holds anything but letters, digits and underscores.
        description: For people.
        metadata: Label to value; plain Python values are converted.
        partition: Which partition of it, for a partitioned asset.
        tags: Indexed labels, such as a code version.
    """

    # A type checker makes up a constructor for each class from its fields: one in the base would not count.
    if TYPE_CHECKING:

        def __init__(
            self,
            asset_key: CoercibleToAssetKey,
            description: str | None = None,
            metadata: RawMetadata | None = None,
            partition: str | None = None,
            tags: Mapping[str, str] | None = None,
        ) -> None: ...


class AssetObservation(_AssetFact, frozen=True):
    """Says something about an asset without having written it. Fields as in `AssetMaterialization`."""

    if TYPE_CHECKING:

        def __init__(
            self,
            asset_key: CoercibleToAssetKey,
            description: str | None = None,
            metadata: RawMetadata | None = None,
            partition: str | None = None,
            tags: Mapping[str, str] | None = None,
        ) -> None: ...


class AssetCheckEvaluation(Record, frozen=True):
    """Says whether an asset satisfied a check.

    Attributes:
        asset_key: Which asset.
        check_name: Which of its checks.
        passed: The verdict.
        metadata: Label to value; plain Python values are converted.
        partition: Which partition was checked.
    """

    asset_key: AssetKey
    check_name: str
    passed: bool
    metadata: Mapping[str, MetadataEntry] = msgspec.field(default_factory=dict)
    partition: str | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            asset_key: CoercibleToAssetKey,
            check_name: str,
            passed: bool,
            metadata: RawMetadata | None = None,
            partition: str | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "asset_key", AssetKey.from_event_argument(self.asset_key))
        msgspec.structs.force_setattr(self, "metadata", to_metadata(self.metadata))
        msgspec.structs.force_setattr(self, "partition", check_partition(self.partition))


RunlessAssetEvent = AssetMaterialization | AssetObservation | AssetCheckEvaluation


class AssetPartitionStatus(StrEnum):
    """How it stands with one partition of an asset."""

    MATERIALIZED = "MATERIALIZED"
    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"


def check_partition(partition: str | None) -> str | None:
    """Return the key of a partition as plain text: a key with more to it, such as a `MultiPartitionKey`, loses that."""
    if partition is not None and not isinstance(partition, str):
        raise InvalidArgumentError("the partition of an asset event is a string")
    return None if partition is None else str(partition)


def check_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Return `tags` as a dict, refusing keys and values that are not strings."""
    checked = dict(tags or {})
    for key, value in checked.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise InvalidArgumentError(f"tag {key!r}: keys and values of tags are strings")
    return checked
