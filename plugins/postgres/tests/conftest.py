"""An empty database for each test."""

import psycopg
import pytest

from runrack.testing.pgbouncer import pgbouncer
from runrack_postgres import PostgresStorage
from runrack_sql.schema import metadata

__all__ = ["pgbouncer"]

EMPTY_ALL = f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY; INSERT INTO event_ids VALUES (1, 0)"


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
    """The URL of a new database with the tables."""
    with postgres_server.database(template) as url:
        yield url


@pytest.fixture(scope="session")
def shared_url(postgres_server, template):
    with postgres_server.database(template) as url:
        yield url


@pytest.fixture
def emptied_url(shared_url):
    """The URL of a database that other tests have used, emptied: faster than a new one."""
    yield shared_url
    with psycopg.connect(shared_url) as conn:
        conn.execute(EMPTY_ALL)
