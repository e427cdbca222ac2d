"""DynamicPartitions: keeps partition keys that come and go at run time."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

from runrack.records.page import PaginatedResults


class DynamicPartitions(ABC):
    """Keeps the keys of dynamic partitions definitions; each definition's name is a namespace of its own."""

    @abstractmethod
    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Add the keys that are missing, in the order given, all or none.

        - Keys that exist stay where they are; the same key twice counts once.

        Raises:
            InvalidArgumentError: `partition_keys` is one string, or holds something that is no string.
        """

    @abstractmethod
    def get_dynamic_partitions(
        self,
        partitions_def_name: str,
        limit: int | None = None,
        ascending: bool = True,
        after_key: str | None = None,
    ) -> Sequence[str]:
        """Return the keys in the order in which they were added; nothing for an unknown name.

        - A key that was removed and added again stands at the end. `ascending` False reverses.
        - Only keys that come after `after_key` in that order; an `after_key` that does not exist gives nothing.
        """

    @abstractmethod
    def get_paginated_dynamic_partitions(
        self, partitions_def_name: str, limit: int, ascending: bool = True, cursor: str | None = None
    ) -> PaginatedResults[str]:
        """Return a page of the keys, in the order in which they were added or the reverse.

        - `cursor` is that of an earlier page, exclusive; the key that it ended with may have been removed since.
        - `has_more` is exact. A page without keys returns the cursor that it was given, or one that means the beginning.

        Raises:
            InvalidArgumentError: The limit is negative, or the cursor is malformed.
        """

    @abstractmethod
    def get_existing_dynamic_partitions(
        self, partitions_def_name: str, partition_keys: Collection[str]
    ) -> set[str]:
        """Return those of the keys that exist."""

    @abstractmethod
    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether the key exists."""

    @abstractmethod
    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Remove the key; one that does not exist is no error. Events stay."""

    def get_dynamic_partitions_definition_id(self, partitions_def_name: str) -> str:
        """Return a text of 40 hexadecimal digits that changes when the keys or their order do."""
        keys = json.dumps(list(self.get_dynamic_partitions(partitions_def_name)))
        return hashlib.sha256(keys.encode()).hexdigest()[:40]
