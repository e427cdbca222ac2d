"""The storages of runrack-memory satisfy the suites of the core."""

from runrack_memory.conformance import (
    TestMemoryEventLogStorage,
    TestMemoryRunStorage,
    TestMemoryScheduleStorage,
    TestMemoryStorage,
)

__all__ = [
    "TestMemoryEventLogStorage",
    "TestMemoryRunStorage",
    "TestMemoryScheduleStorage",
    "TestMemoryStorage",
]
