"""Storage in SQLite files: nothing to set up, safe for many processes of one machine."""

from runrack_sqlite.sharded_event_log import SqliteEventLogStorage
from runrack_sqlite.storage import (
    ConsolidatedSqliteEventLogStorage,
    SqliteRunStorage,
    SqliteScheduleStorage,
    SqliteStorage,
)

__all__ = [
    "ConsolidatedSqliteEventLogStorage",
    "SqliteEventLogStorage",
    "SqliteRunStorage",
    "SqliteScheduleStorage",
    "SqliteStorage",
]
