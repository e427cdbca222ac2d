"""DynamicPartitions: keeps partition keys that come and go at run time."""

from abc import ABC, abstractmethod
from collections.abc import Sequence


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
    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether the key exists."""

    @abstractmethod
    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Remove the key; one that does not exist is no error. Events stay."""
