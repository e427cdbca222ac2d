"""PartitionsDefinition: which partitions an asset has. Here those whose keys are listed; others have modules of their own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from typing_extensions import override

from runrack.errors import InvalidArgumentError, InvalidDefinitionError


class DynamicPartitionKeys(Protocol):
    """Knows the keys of dynamic partitions: an instance does, and so does its event log storage."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys in the order in which they were added."""
        ...

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether the key exists."""
        ...


class PartitionsDefinition(ABC):
    """Says into which partitions an asset is divided, and what their keys are.

    Every method takes the moment that counts as now, for partitions that come with time (a datetime without a zone
    means UTC, left out means now), and who knows the keys of dynamic partitions, for those.

    Two definitions that divide an asset in the same way are equal, and can be keys of a dict.
    """

    @property
    @abstractmethod
    def identity(self) -> tuple[Hashable, ...]:
        """What makes two definitions equal: the kind of partitions, and all that their keys depend on."""

    @override
    def __eq__(self, other: object) -> bool:
        return self.identity == other.identity if isinstance(other, PartitionsDefinition) else NotImplemented

    @override
    def __hash__(self) -> int:
        return hash(self.identity)

    @abstractmethod
    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions: DynamicPartitionKeys | None = None
    ) -> Sequence[str]:
        """Return every key once, in the order of the partitions.

        Raises:
            InvalidArgumentError: The keys live in an instance, and `dynamic_partitions` is left out.
        """

    @abstractmethod
    def select_partition_keys(
        self,
        partition_keys: Iterable[str],
        current_time: datetime | None = None,
        dynamic_partitions: DynamicPartitionKeys | None = None,
    ) -> set[str]:
        """Return those of `partition_keys` that are keys of this definition. Raises as `get_partition_keys`."""

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions: DynamicPartitionKeys | None = None,
    ) -> bool:
        """Tell whether there is a partition with this key. Raises as `get_partition_keys`."""
        return bool(self.select_partition_keys([partition_key], current_time, dynamic_partitions))


class StaticPartitionsDefinition(PartitionsDefinition):
    """Partitions that are listed where they are defined.

    Args:
        partition_keys: The keys, in the order of the partitions.

    Raises:
        InvalidDefinitionError: They are one string, a key is no string or empty, or a key comes twice.
    """

    def __init__(self, partition_keys: Collection[str]) -> None:
        if isinstance(partition_keys, str):
            raise InvalidDefinitionError(
                "the keys of static partitions are a list of strings, not one string"
            )
        keys = tuple(partition_keys)
        if not all(isinstance(key, str) and key for key in keys):
            raise InvalidDefinitionError("each key of static partitions is a string that is not empty")
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise InvalidDefinitionError(f"the static partition {twice!r} is listed twice")
        self._keys = dict.fromkeys(keys)

    @property
    @override
    def identity(self) -> tuple[Hashable, ...]:
        return "static", *self._keys

    @override
    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions: DynamicPartitionKeys | None = None
    ) -> Sequence[str]:
        return list(self._keys)

    @override
    def select_partition_keys(
        self,
        partition_keys: Iterable[str],
        current_time: datetime | None = None,
        dynamic_partitions: DynamicPartitionKeys | None = None,
    ) -> set[str]:
        return {key for key in partition_keys if key in self._keys}


class DynamicPartitionsDefinition(PartitionsDefinition):
    """Partitions that come and go at run time: their keys live in the instance.

    Args:
        name: The name that `Instance.add_dynamic_partitions` and its siblings take.

    Raises:
        InvalidDefinitionError: The name is no string, or empty.
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name:
            raise InvalidDefinitionError("the name of dynamic partitions is a string that is not empty")
        self.name = name

    @property
    @override
    def identity(self) -> tuple[Hashable, ...]:
        return "dynamic", self.name

    @override
    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions: DynamicPartitionKeys | None = None
    ) -> Sequence[str]:
        return self._known_by(dynamic_partitions).get_dynamic_partitions(self.name)

    @override
    def select_partition_keys(
        self,
        partition_keys: Iterable[str],
        current_time: datetime | None = None,
        dynamic_partitions: DynamicPartitionKeys | None = None,
    ) -> set[str]:
        return set(self._known_by(dynamic_partitions).get_dynamic_partitions(self.name)).intersection(
            partition_keys
        )

    @override
    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions: DynamicPartitionKeys | None = None,
    ) -> bool:
        return self._known_by(dynamic_partitions).has_dynamic_partition(self.name, partition_key)

    def _known_by(self, dynamic_partitions: DynamicPartitionKeys | None) -> DynamicPartitionKeys:
        if dynamic_partitions is None:
            raise InvalidArgumentError(
                f"the keys of the dynamic partitions {self.name!r} live in an instance: "
                "give it as dynamic_partitions"
            )
        return dynamic_partitions
