"""ServerAddress: how operators say where a database server is, whole or in parts."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL

from runrack.config.vocabulary import Field, IntSource, Permissive, Shape, StringSource
from runrack.errors import ConfigError


class ServerAddress:
    """The fields `KIND_url` and `KIND_db` of a storage on a server, of which exactly one is given.

    Args:
        kind: How the fields begin.
        scheme: The scheme of the URL.
        port: The port of the server when none is given.
        option: An option of the connection, as an example.
    """

    def __init__(self, kind: str, scheme: str, port: int, option: str) -> None:
        self._kind = kind
        self._scheme = scheme
        self._port = port
        self._option = option

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
                IntSource, default_value=self._port, description="The port of the server.", is_secret=False
            ),
            "params": Field(
                Permissive(), description=f"Further options of the connection, such as `{self._option}`."
            ),
        }
        url, db = f"{self._kind}_url", f"{self._kind}_db"
        where = f"{self._scheme}://user:password@host:{self._port}/database"
        return {
            url: Field(StringSource, is_required=False, description=f"Where: `{where}`. This or `{db}`."),
            db: Field(Shape(parts), is_required=False, description=f"Where, in parts. This or `{url}`."),
        }

    def url_from_config(self, url: str | None, parts: Mapping[str, Any] | None) -> str:
        """Return the URL that a configuration describes, whole or in parts.

        Args:
            url: The URL.
            parts: Its parts: `username`, `password`, `hostname`, `port`, `db_name`, `params`. They are taken as they are
                and may hold any character.

        Raises:
            ConfigError: Both are given, or neither.
        """
        if (url is None) == (parts is None):
            kind = self._kind
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
