"""Database URLs: as operators write them, as SQLAlchemy wants them, as messages may show them."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from runrack.errors import InvalidArgumentError

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
"""Scheme without a driver to the scheme that names the one that runrack installs."""


def normalize_url(url: str) -> URL:
    """Return `url` with the driver that runrack installs, unless it names one itself.

    Raises:
        InvalidArgumentError: `url` is no database URL. The message does not repeat it: it may hold a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidArgumentError(
            "this is no database URL; one looks like postgresql://user:password@host:5432/database"
        ) from None
    return parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))


def driver_for(url: URL) -> str | None:
    """Return the scheme with the driver that runrack installs for the kind of server of `url`; None for other kinds."""
    return _DRIVERS.get(url.get_backend_name())


def label_of(url: URL) -> str:
    """Return what messages call the database: no user, no password, no options."""
    kind = url.get_backend_name()
    port = "" if url.port is None else f":{url.port}"
    return f"{kind} database {url.database!r} on {url.host or 'this machine'}{port}"
