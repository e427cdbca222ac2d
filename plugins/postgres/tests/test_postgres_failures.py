"""What a caller is told when the server fails, refuses or is not what it should be."""

from runrack_postgres.conformance import OnPostgres
from runrack_sql.testing.failures import FailureTests


class TestFailures(OnPostgres, FailureTests):
    """`PostgresStorage`."""
