"""Connections that are reset in the middle of commits, and readers beside writers."""

from runrack_mysql.conformance import OnMariaDB
from runrack_sql.testing.faults import FaultTests


class TestFaults(OnMariaDB, FaultTests):
    """`MySQLStorage`."""
