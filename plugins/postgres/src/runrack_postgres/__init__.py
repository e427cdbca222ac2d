"""Storage in a PostgreSQL database: for more than one machine."""

from runrack_postgres.storage import (
    PostgresEventLogStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
    PostgresStorage,
)

__all__ = [
    "PostgresEventLogStorage",
    "PostgresRunStorage",
    "PostgresScheduleStorage",
    "PostgresStorage",
]
