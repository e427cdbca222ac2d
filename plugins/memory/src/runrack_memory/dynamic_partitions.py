"""MemoryDynamicPartitions: keeps partition keys in the order in which they were added."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import count, dropwhile, islice
from threading import RLock

from typing_extensions import override

from runrack.errors import InvalidArgumentError
from runrack.interfaces.dynamic_partitions import DynamicPartitions
from runrack.interfaces.event_log import NO_RECORD
from runrack.records.cursor import EventLogCursor
from runrack.records.page import PaginatedResults
from runrack_memory.limit import checked_limit


class MemoryDynamicPartitions(DynamicPartitions):
    """Keeps dynamic partitions in memory: a dict keeps the order in which keys were added."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._keys: dict[str, dict[str, int]] = defaultdict(dict)
        self._numbers = count(1)

    @override
    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        if isinstance(partition_keys, str) or not all(isinstance(key, str) for key in partition_keys):
            raise InvalidArgumentError("partition_keys is a sequence of strings, not one string")
        with self._lock:
            for key in partition_keys:
                self._keys[partitions_def_name].setdefault(key, next(self._numbers))

    @override
    def get_dynamic_partitions(
        self,
        partitions_def_name: str,
        limit: int | None = None,
        ascending: bool = True,
        after_key: str | None = None,
    ) -> Sequence[str]:
        checked_limit(limit)
        with self._lock:
            keys = list(self._keys.get(partitions_def_name, ()))
        if not ascending:
            keys.reverse()
        if after_key is not None:
            keys = list(dropwhile(lambda key: key != after_key, keys))[1:]
        return keys[:limit]

    @override
    def get_paginated_dynamic_partitions(
        self, partitions_def_name: str, limit: int, ascending: bool = True, cursor: str | None = None
    ) -> PaginatedResults[str]:
        checked_limit(limit)
        place = NO_RECORD if cursor is None else EventLogCursor.parse(cursor).storage_id()
        with self._lock:
            added = list(self._keys.get(partitions_def_name, {}).items())
        ordered = added if ascending else added[::-1]
        following = (
            (key, number)
            for key, number in ordered
            if place == NO_RECORD or (number > place if ascending else number < place)
        )
        found = list(islice(following, limit + 1))
        page = found[:limit]
        end = EventLogCursor.from_storage_id(page[-1][1] if page else place)
        return PaginatedResults([key for key, _ in page], end.to_string(), len(found) > len(page))

    @override
    def get_existing_dynamic_partitions(
        self, partitions_def_name: str, partition_keys: Collection[str]
    ) -> set[str]:
        with self._lock:
            return self._keys.get(partitions_def_name, {}).keys() & set(partition_keys)

    @override
    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return partition_key in self._keys.get(partitions_def_name, ())

    @override
    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        with self._lock:
            self._keys.get(partitions_def_name, {}).pop(partition_key, None)

    def clear_dynamic_partitions(self) -> None:
        """Forget all keys."""
        with self._lock:
            self._keys.clear()
