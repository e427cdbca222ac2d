"""MultiPartitionsDefinition: one partition for each combination of the keys of several definitions."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import product
from types import MappingProxyType

from typing_extensions import override

from runrack.definitions.partitions import (
    DynamicPartitionKeys,
    PartitionsDefinition,
    StaticPartitionsDefinition,
)
from runrack.errors import InvalidArgumentError, InvalidDefinitionError

_SEPARATOR = "|"


class MultiPartitionKey(str):
    """The key of a partition with several dimensions: their keys, in the order of the dimensions' names, joined by `|`.

    Args:
        keys_by_dimension: Name of each dimension to the key in it.

    Raises:
        InvalidArgumentError: There is no dimension, or a key is no string, or holds `|`.
    """

    __slots__ = ("keys_by_dimension",)

    keys_by_dimension: Mapping[str, str]
    """Name of each dimension to the key in it, sorted by name."""

    def __new__(cls, keys_by_dimension: Mapping[str, str]) -> MultiPartitionKey:
        """Return the key; a string has its text from the beginning."""
        ordered = dict(sorted(keys_by_dimension.items()))
        for dimension, key in ordered.items():
            if not isinstance(key, str) or _SEPARATOR in key:
                raise InvalidArgumentError(
                    f"the key in dimension {dimension!r} is a string without {_SEPARATOR!r}"
                )
        if not ordered:
            raise InvalidArgumentError("a MultiPartitionKey has at least one dimension")
        made = super().__new__(cls, _SEPARATOR.join(ordered.values()))
        made.keys_by_dimension = MappingProxyType(ordered)
        return made

    @override
    def __reduce__(self) -> tuple[type[MultiPartitionKey], tuple[dict[str, str]]]:
        return type(self), (dict(self.keys_by_dimension),)


class MultiPartitionsDefinition(PartitionsDefinition):
    """One partition for each combination of the keys of its dimensions.

    Args:
        dimensions: Name of each dimension to its partitions.

    Raises:
        InvalidDefinitionError: There are less than two dimensions; one is no definition, or has several dimensions
            itself; or the key of a static one holds `|`.
    """

    def __init__(self, dimensions: Mapping[str, PartitionsDefinition]) -> None:
        if len(dimensions) < 2:  # noqa: PLR2004 - that is what "several" means
            raise InvalidDefinitionError("multi partitions have at least two dimensions")
        for name, definition in dimensions.items():
            _check_dimension(name, definition)
        self.dimensions: Mapping[str, PartitionsDefinition] = MappingProxyType(
            dict(sorted(dimensions.items()))
        )

    @property
    @override
    def identity(self) -> tuple[Hashable, ...]:
        return "multi", *self.dimensions.items()

    @override
    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions: DynamicPartitionKeys | None = None
    ) -> Sequence[MultiPartitionKey]:
        columns = [
            definition.get_partition_keys(current_time, dynamic_partitions)
            for definition in self.dimensions.values()
        ]
        return [MultiPartitionKey(dict(zip(self.dimensions, row, strict=True))) for row in product(*columns)]

    @override
    def select_partition_keys(
        self,
        partition_keys: Iterable[str],
        current_time: datetime | None = None,
        dynamic_partitions: DynamicPartitionKeys | None = None,
    ) -> set[str]:
        split = {key: key.split(_SEPARATOR) for key in partition_keys}
        rows = {key: row for key, row in split.items() if len(row) == len(self.dimensions)}
        for place, definition in enumerate(self.dimensions.values()):
            asked = {row[place] for row in rows.values()}
            known = definition.select_partition_keys(asked, current_time, dynamic_partitions)
            rows = {key: row for key, row in rows.items() if row[place] in known}
        return set(rows)


def _check_dimension(name: str, definition: object) -> None:
    if not isinstance(definition, PartitionsDefinition) or isinstance(definition, MultiPartitionsDefinition):
        raise InvalidDefinitionError(
            f"dimension {name!r} is a definition of partitions with one dimension, not {type(definition).__name__}"
        )
    if isinstance(definition, StaticPartitionsDefinition):
        broken = [key for key in definition.get_partition_keys() if _SEPARATOR in key]
        if broken:
            raise InvalidDefinitionError(
                f"the key {broken[0]!r} of dimension {name!r} holds {_SEPARATOR!r}, which separates dimensions"
            )
