"""What a caller is told when the server fails, refuses or is not what it should be."""

from runrack_mysql.conformance import OnMariaDB
from runrack_sql.testing.failures import FailureTests


class TestFailures(OnMariaDB, FailureTests):
    """`MySQLStorage`."""
