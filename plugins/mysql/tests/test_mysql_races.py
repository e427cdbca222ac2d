"""Many processes, killed processes, a server that crashes, forked processes and threads over one database."""

from runrack_mysql.conformance import OnMariaDB
from runrack_sql.testing.races import ServerRaceTests


class TestRaces(OnMariaDB, ServerRaceTests):
    """`MySQLStorage`."""
