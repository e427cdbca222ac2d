"""The URL of the database: what the driver is told, from either form of the configuration."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL

from runrack.errors import ConfigError, InvalidArgumentError
from runrack_sql.url import normalize_url


def url_of(mysql_url: str) -> URL:
    """Return the URL with PyMySQL as its driver, whichever it names: that is the one runrack-mysql installs.

    Raises:
        InvalidArgumentError: It is no URL, or that of another database. The message does not repeat it.
    """
    url = normalize_url(mysql_url)
    if url.get_backend_name() not in {"mysql", "mariadb"}:
        raise InvalidArgumentError(
            "this URL is of another kind of database; one for MySQL or MariaDB looks like"
            " mysql://user:password@host:3306/database"
        )
    if not url.database:
        raise InvalidArgumentError(
            "this URL names no database; one for MySQL or MariaDB looks like"
            " mysql://user:password@host:3306/database"
        )
    return url.set(drivername="mysql+pymysql")


def url_from_config(mysql_url: str | None, mysql_db: Mapping[str, Any] | None) -> str:
    """Return the URL that a configuration describes, whole or in parts.

    Args:
        mysql_url: The URL.
        mysql_db: Its parts: `username`, `password`, `hostname`, `port`, `db_name`, `params`. They are taken as they are
            and may hold any character.

    Raises:
        ConfigError: Both are given, or neither.
    """
    if (mysql_url is None) == (mysql_db is None):
        raise ConfigError("a mysql storage needs exactly one of `mysql_url` and `mysql_db`")
    if mysql_db is None:
        return str(mysql_url)
    url = URL.create(
        "mysql",
        username=mysql_db["username"],
        password=mysql_db["password"],
        host=mysql_db["hostname"],
        port=mysql_db["port"],
        database=mysql_db["db_name"],
        query={name: str(value) for name, value in sorted(mysql_db["params"].items())},
    )
    return url.render_as_string(hide_password=False)
