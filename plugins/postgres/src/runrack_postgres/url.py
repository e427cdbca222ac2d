"""The URL of the database: what the driver is told, from either form of the configuration."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL

from runrack.errors import ConfigError, InvalidArgumentError
from runrack_sql.url import normalize_url


def url_of(postgres_url: str) -> URL:
    """Return the URL with psycopg 3 as its driver, whichever it names: that is the one runrack-postgres installs.

    Raises:
        InvalidArgumentError: It is no URL, or that of another database. The message does not repeat it.
    """
    url = normalize_url(postgres_url)
    if url.get_backend_name() != "postgresql":
        raise InvalidArgumentError(
            "this URL is of another kind of database; one for PostgreSQL looks like"
            " postgresql://user:password@host:5432/database"
        )
    return url.set(drivername="postgresql+psycopg")


def url_from_config(postgres_url: str | None, postgres_db: Mapping[str, Any] | None) -> str:
    """Return the URL that a configuration describes, whole or in parts.

    Args:
        postgres_url: The URL.
        postgres_db: Its parts: `username`, `password`, `hostname`, `port`, `db_name`, `params`. They are taken as they are
            and may hold any character.

    Raises:
        ConfigError: Both are given, or neither.
    """
    if (postgres_url is None) == (postgres_db is None):
        raise ConfigError("a postgres storage needs exactly one of `postgres_url` and `postgres_db`")
    if postgres_db is None:
        return str(postgres_url)
    url = URL.create(
        "postgresql",
        username=postgres_db["username"],
        password=postgres_db["password"],
        host=postgres_db["hostname"],
        port=postgres_db["port"],
        database=postgres_db["db_name"],
        query={name: str(value) for name, value in sorted(postgres_db["params"].items())},
    )
    return url.render_as_string(hide_password=False)
