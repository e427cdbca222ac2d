"""The URL of the database: what the driver is told, from either form of the configuration."""

from sqlalchemy import URL

from runrack.errors import InvalidArgumentError
from runrack_sql.server_address import ServerAddress
from runrack_sql.url import normalize_url

ADDRESS = ServerAddress("mysql", "mysql", 3306, "ssl_ca: /etc/ssl/db.pem")


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
