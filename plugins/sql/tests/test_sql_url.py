"""Database URLs."""

import pytest

from runrack.errors import InvalidArgumentError
from runrack_sql.url import label_of, normalize_url

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgresql://host/db", "postgresql+psycopg://host/db"),
        ("postgres://host/db", "postgresql+psycopg://host/db"),
        ("postgresql+psycopg2://host/db", "postgresql+psycopg2://host/db"),
        ("mysql://host/db", "mysql+pymysql://host/db"),
        ("mariadb://host/db", "mysql+pymysql://host/db"),
        ("mysql+mysqldb://host/db", "mysql+mysqldb://host/db"),
        (
            "postgresql://me:p%40ss@host:5433/db?sslmode=require",
            "postgresql+psycopg://me:p%40ss@host:5433/db?sslmode=require",
        ),
    ],
)
def test_a_url_names_the_driver_that_is_installed(given, expected):
    """A scheme without a driver gets one; everything else stays."""
    assert normalize_url(given).render_as_string(hide_password=False) == expected


@pytest.mark.parametrize(
    "text", ["", "host/db", f"//me:{SECRET}@host", f"postgresql://me:{SECRET}@host:port/db"]
)
def test_what_is_no_url_is_refused_without_repeating_it(text):
    """The error shows what a URL looks like, and not the one that was given."""
    with pytest.raises(InvalidArgumentError, match="no database URL") as caught:
        normalize_url(text)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"postgresql://me:{SECRET}@host:5433/db?password={SECRET}", "postgresql database 'db' on host:5433"),
        ("mysql:///db", "mysql database 'db' on this machine"),
    ],
)
def test_a_label_shows_where_and_no_more(text, expected):
    """No user, no password, no options."""
    assert label_of(normalize_url(text)) == expected
