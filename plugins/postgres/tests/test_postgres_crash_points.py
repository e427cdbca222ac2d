"""Every call that writes, killed at every point."""

from runrack_postgres.conformance import OnPostgres
from runrack_sql.testing.crash_points import CrashPointTests


class TestCrashPoints(OnPostgres, CrashPointTests):
    """`PostgresStorage`."""
