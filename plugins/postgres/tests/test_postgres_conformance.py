"""The four storages in PostgreSQL do what the interfaces say."""

from runrack_postgres.conformance import (
    TestPostgresEventLogStorage,
    TestPostgresRunStorage,
    TestPostgresScheduleStorage,
    TestPostgresStorage,
)

__all__ = [
    "TestPostgresEventLogStorage",
    "TestPostgresRunStorage",
    "TestPostgresScheduleStorage",
    "TestPostgresStorage",
]
