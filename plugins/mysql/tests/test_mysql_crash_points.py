"""Every call that writes, killed at every point."""

from runrack_mysql.conformance import OnMariaDB
from runrack_sql.testing.crash_points import CrashPointTests


class TestCrashPoints(OnMariaDB, CrashPointTests):
    """`MySQLStorage`."""
