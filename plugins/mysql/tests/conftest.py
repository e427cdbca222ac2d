"""An empty database for each test."""

import pytest

from runrack_mysql import MySQLStorage
from runrack_mysql.conformance import OnMariaDB


@pytest.fixture(scope="session")
def shared_url(mariadb_server):
    with mariadb_server.database() as url:
        storage = MySQLStorage(url)
        storage.migrate()
        storage.dispose()
        yield url


@pytest.fixture
def url(shared_url):
    """The URL of a database whose tables are empty: emptying them is faster than making them."""
    yield shared_url
    OnMariaDB().empty_tables(shared_url)
