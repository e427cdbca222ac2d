"""An empty database for each test."""

import pytest

from runrack.testing.pgbouncer import pgbouncer
from runrack_postgres import PostgresStorage
from runrack_postgres.conformance import OnPostgres

__all__ = ["pgbouncer"]


@pytest.fixture(scope="session")
def shared_url(postgres_server):
    with postgres_server.database() as url:
        storage = PostgresStorage(url)
        storage.migrate()
        storage.dispose()
        yield url


@pytest.fixture
def url(shared_url):
    """The URL of a database whose tables are empty: emptying them is faster than making them."""
    yield shared_url
    OnPostgres().empty_tables(shared_url)
