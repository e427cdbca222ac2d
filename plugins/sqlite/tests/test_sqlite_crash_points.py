"""Every call that writes, killed at every point."""

from runrack_sql.testing.crash_points import CrashPointTests
from runrack_sqlite.conformance import InSqliteFile


class TestCrashPoints(InSqliteFile, CrashPointTests):
    """`SqliteStorage`."""
