"""An empty database for each test."""

from contextlib import contextmanager

import pymysql
import pytest
from sqlalchemy import make_url

from runrack_mysql import MySQLStorage
from runrack_sql.schema import metadata


def connect(url, *, autocommit=True):
    """A connection without runrack."""
    parts = make_url(url)
    return pymysql.connect(
        host=parts.host,
        port=parts.port,
        user=parts.username,
        password=parts.password or "",
        database=parts.database,
        autocommit=autocommit,
    )


def query(url, statement, *values):
    """The rows that a statement returns, asked without runrack."""
    with connect(url) as conn, conn.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall())


@pytest.fixture(scope="session")
def ask():
    """What asks a database without runrack."""
    return query


@pytest.fixture
def transaction():
    """What gives the cursor of a transaction without runrack, undone at the end."""

    @contextmanager
    def begin(url):
        with connect(url, autocommit=False) as conn, conn.cursor() as cursor:
            yield cursor

    return begin


@pytest.fixture(scope="session")
def shared_url(mariadb_server):
    with mariadb_server.database() as url:
        storage = MySQLStorage(url)
        storage.run_storage.get_runs_count()
        storage.dispose()
        yield url


@pytest.fixture
def url(shared_url):
    """The URL of a database whose tables are empty: emptying them is faster than making them."""
    yield shared_url
    with connect(shared_url) as conn, conn.cursor() as cursor:
        for table in metadata.tables:
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")
            if cursor.fetchone() == (1,):
                cursor.execute(f"TRUNCATE {table}")
        cursor.execute("INSERT INTO event_ids VALUES (1, 0)")
