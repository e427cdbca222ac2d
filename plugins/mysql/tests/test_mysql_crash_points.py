"""Every call that writes, killed at every point."""

import pytest

from runrack_mysql.conformance import OnMariaDB
from runrack_sql.testing.crash_points import CrashPointTests


class TestSomeCrashPoints(OnMariaDB, CrashPointTests):
    """`MySQLStorage`, at a sample of the points: its driver is Python, and Python that is watched is slow."""

    every = 5


@pytest.mark.soak
class TestCrashPoints(OnMariaDB, CrashPointTests):
    """`MySQLStorage`."""
