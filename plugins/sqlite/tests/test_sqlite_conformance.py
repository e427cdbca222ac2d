"""The storages in SQLite files do what the interfaces say."""

from runrack_sqlite.conformance import (
    TestConsolidatedSqliteEventLogStorage,
    TestSqliteEventLogStorage,
    TestSqliteRunStorage,
    TestSqliteScheduleStorage,
    TestSqliteStorage,
)

__all__ = [
    "TestConsolidatedSqliteEventLogStorage",
    "TestSqliteEventLogStorage",
    "TestSqliteRunStorage",
    "TestSqliteScheduleStorage",
    "TestSqliteStorage",
]
