"""Many processes, killed processes, a server that crashes, forked processes and threads over one database."""

from runrack_postgres.conformance import OnPostgres
from runrack_sql.testing.races import ServerRaceTests


class TestRaces(OnPostgres, ServerRaceTests):
    """`PostgresStorage`."""
