"""What is known of a commit that failed."""

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from runrack_postgres.database import PostgresDatabase


@pytest.mark.parametrize(
    ("error", "invalidated", "undone"),
    [
        (psycopg.errors.SerializationFailure(), False, True),
        (psycopg.errors.AdminShutdown(), True, False),
        (psycopg.OperationalError("connection socket closed"), False, False),
    ],
)
def test_only_the_server_says_that_a_commit_was_undone(error, invalidated, undone):
    """An error of the server undoes a commit; when the connection is gone, or only the driver speaks, nobody knows."""
    database = PostgresDatabase(make_url("postgresql+psycopg://rack@db/rack"))
    failed = DBAPIError("COMMIT", None, error, connection_invalidated=invalidated)
    assert database._is_undone(failed) is undone
    database.dispose()
