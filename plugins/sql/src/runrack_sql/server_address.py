"""ServerAddress: how operators say where a database server is, whole or in parts, and what the driver is told."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL

from runrack.config.vocabulary import Field, IntSource, Permissive, Shape, StringSource
from runrack.errors import ConfigError, InvalidArgumentError
from runrack_sql.url import driver_for, normalize_url


class ServerAddress:
    """The fields `KIND_url` and `KIND_db` of a storage on a server, of which exactly one is given, and its URLs.

    Args:
        kind: How the fields begin.
        server: What people call the server.
        driver: The scheme of the URL with the driver that the plugin installs, such as `mysql+pymysql`.
        port: The port of the server when none is given.
        option: An option of the connection, as an example.
        needs_database: Whether a URL has to name the database.
    """

    def __init__(
        self, kind: str, server: str, driver: str, port: int, option: str, *, needs_database: bool
    ) -> None:
        self._kind = kind
        self._server = server
        self._driver = driver
        self._scheme = driver.partition("+")[0]
        self._port = port
        self._option = option
        self._needs_database = needs_database

    @property
    def _example(self) -> str:
        return f"{self._scheme}://user:password@host:{self._port}/database"

    def fields(self) -> dict[str, Field]:
        """Return the schema of the two fields, by name."""
        parts = {
            "username": Field(StringSource, description="The user.", is_secret=False),
            "password": Field(
                StringSource, default_value="", description="The password of the user.", is_secret=True
            ),
            "hostname": Field(StringSource, description="The machine of the server.", is_secret=False),
            "db_name": Field(StringSource, description="The name of the database.", is_secret=False),
            "port": Field(
                IntSource(minimum=1, maximum=65_535),
                default_value=self._port,
                description="The port of the server.",
                is_secret=False,
            ),
            "params": Field(
                Permissive(), description=f"Further options of the connection, such as `{self._option}`."
            ),
        }
        url, db = f"{self._kind}_url", f"{self._kind}_db"
        where = f"Where: `{self._example}`. This or `{db}`."
        return {
            url: Field(StringSource, is_required=False, description=where),
            db: Field(Shape(parts), is_required=False, description=f"Where, in parts. This or `{url}`."),
        }

    def url_from_config(self, config: Mapping[str, Any]) -> str:
        """Return the URL that a configuration describes, whole or in parts.

        The parts `username`, `password`, `hostname`, `port`, `db_name` and `params` are taken as they are and may hold any
        character.

        Raises:
            ConfigError: Both fields are given, or neither.
        """
        kind = self._kind
        url, parts = config.get(f"{kind}_url"), config.get(f"{kind}_db")
        if (url is None) == (parts is None):
            raise ConfigError(f"a {kind} storage needs exactly one of `{kind}_url` and `{kind}_db`")
        if parts is None:
            return str(url)
        made = URL.create(
            self._scheme,
            username=parts["username"],
            password=parts["password"],
            host=parts["hostname"],
            port=parts["port"],
            database=parts["db_name"],
            query={name: str(value) for name, value in sorted(parts["params"].items())},
        )
        return made.render_as_string(hide_password=False)

    def parse(self, url: str) -> URL:
        """Return a URL with the driver that the plugin installs, whichever it names.

        Raises:
            InvalidArgumentError: It is no URL, or that of another kind of server, or names no database although it has to. The
                message does not repeat it.
        """
        parsed = normalize_url(url)
        if driver_for(parsed) != self._driver:
            raise InvalidArgumentError(
                f"this URL is of another kind of database; one for {self._server} looks like {self._example}"
            )
        if self._needs_database and not parsed.database:
            raise InvalidArgumentError(
                f"this URL names no database; one for {self._server} looks like {self._example}"
            )
        return parsed.set(drivername=self._driver)
