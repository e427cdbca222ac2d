"""Claims on runs when a connection breaks, when rows are locked, and by whose clock leases are measured."""

import re

from runrack_postgres.conformance import OnPostgres
from runrack_sql.testing.claims import RunClaimTests


class TestRunClaims(OnPostgres, RunClaimTests):
    """`PostgresStorage`."""

    renewal = re.compile(rb"UPDATE runs")  # one statement, which is committed with its answer
