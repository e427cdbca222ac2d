"""The URL of the database: what the driver is told, from either form of the configuration."""

from sqlalchemy import URL

from runrack.errors import InvalidArgumentError
from runrack_sql.server_address import ServerAddress
from runrack_sql.url import normalize_url

ADDRESS = ServerAddress("postgres", "postgresql", 5432, "sslmode: verify-full")


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
