"""The storages as an operator configures them."""

from runrack_postgres.conformance import OnPostgres
from runrack_sql.testing.configuration import ConfigurationTests


class TestConfiguration(OnPostgres, ConfigurationTests):
    """The four storages."""

    kind = "postgres"
    scheme = "postgresql"
    driver = "postgresql+psycopg"
    port = 5432
    other_schemes = ("postgres", "postgresql+psycopg2")
