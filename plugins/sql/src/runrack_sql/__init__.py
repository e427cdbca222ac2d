"""Storages over SQL databases: what the plugins for SQLite, PostgreSQL and MySQL share."""

from runrack_sql.database import Database
from runrack_sql.dialect import Dialect
from runrack_sql.event_log_storage import SqlEventLogStorage
from runrack_sql.on_conflict import OnConflictDialect
from runrack_sql.run_storage import SqlRunStorage
from runrack_sql.schedule_storage import SqlScheduleStorage
from runrack_sql.storage import SqlStorage
from runrack_sql.url import label_of, normalize_url

__all__ = [
    "Database",
    "Dialect",
    "OnConflictDialect",
    "SqlEventLogStorage",
    "SqlRunStorage",
    "SqlScheduleStorage",
    "SqlStorage",
    "label_of",
    "normalize_url",
]
