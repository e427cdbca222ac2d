"""Claims on runs when a connection breaks, when rows are locked, and by whose clock leases are measured."""

from runrack_mysql.conformance import OnMariaDB
from runrack_sql.testing.claims import RunClaimTests


class TestRunClaims(OnMariaDB, RunClaimTests):
    """`MySQLStorage`."""
