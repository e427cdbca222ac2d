"""ServerConfigurable: what the storages of a plugin for one kind of server have in common."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from sqlalchemy import URL
from typing_extensions import override

from runrack.config.secret import register_secret
from runrack.config.vocabulary import BoolSource, Field
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack_sql.part import SqlPart
from runrack_sql.server_address import ServerAddress
from runrack_sql.server_database import ServerDatabase


class ServerConfigurable(SqlPart, ConfigurableClass):
    """A storage in a database on a server.

    Args:
        url: Where, as the operator writes it.
        should_autocreate_tables: Whether the tables are created when the database has none.
        inst_data: What the storage was built from.

    Attributes:
        ADDRESS: How the operator says where the database is.
    """

    ADDRESS: ClassVar[ServerAddress]

    def __init__(
        self,
        url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        self._inst_data = inst_data
        parsed = self.ADDRESS.parse(url)
        if parsed.password:
            register_secret(parsed.password)
        super().__init__(self.make_database(parsed, creates_tables=should_autocreate_tables))

    @staticmethod
    @abstractmethod
    def make_database(url: URL, *, creates_tables: bool) -> ServerDatabase:
        """Return the database; the URL names the driver that the plugin installs."""

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {
            **cls.ADDRESS.fields(),
            "should_autocreate_tables": Field(
                BoolSource,
                default_value=True,
                description="Whether the tables are created when the database has none.",
            ),
        }

    @classmethod
    @override
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        url = cls.ADDRESS.url_from_config(config_value)
        return cls(url, config_value["should_autocreate_tables"], inst_data)
