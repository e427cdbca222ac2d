"""Connections that are reset in the middle of commits, and readers beside writers."""

from runrack_postgres.conformance import OnPostgres
from runrack_sql.testing.faults import FaultTests


class TestFaults(OnPostgres, FaultTests):
    """`PostgresStorage`."""
