"""A database of its own for each test."""

import pytest

from runrack.testing.postgres import postgres_server
from runrack_postgres import PostgresStorage

__all__ = ["postgres_server"]


@pytest.fixture(scope="session")
def template(postgres_server):
    """The name of a database that has the tables: copying it is faster than making them."""
    with postgres_server.database() as url:
        storage = PostgresStorage(url)
        storage.run_storage.get_runs_count()
        storage.dispose()
        yield url.rpartition("/")[2]


@pytest.fixture
def url(postgres_server, template):
    """The URL of an empty database with the tables."""
    with postgres_server.database(template) as url:
        yield url
