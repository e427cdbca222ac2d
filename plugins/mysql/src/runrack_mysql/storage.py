"""The storages that an operator can choose: all three in one database, or each in one of its own."""

from collections.abc import Mapping
from typing import Any, Self

from typing_extensions import override

from runrack.config.secret import register_secret
from runrack.config.vocabulary import BoolSource, Field
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack_mysql.database import MySQLDatabase
from runrack_mysql.url import ADDRESS, url_of
from runrack_sql.event_log_storage import SqlEventLogStorage
from runrack_sql.part import SqlPart
from runrack_sql.retention import SqlRetention
from runrack_sql.run_storage import SqlRunStorage
from runrack_sql.schedule_storage import SqlScheduleStorage
from runrack_sql.storage import SqlStorage


class MySQLConfigurable(SqlPart, ConfigurableClass):
    """A storage in a MySQL or MariaDB database.

    Args:
        mysql_url: Where: `mysql://user:password@host:3306/database`.
        should_autocreate_tables: Whether the tables are created when the database has none.
        inst_data: What the storage was built from.
    """

    def __init__(
        self,
        mysql_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        self._inst_data = inst_data
        url = url_of(mysql_url)
        if url.password:
            register_secret(url.password)
        super().__init__(MySQLDatabase(url, creates_tables=should_autocreate_tables))

    @property
    @override
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {
            **ADDRESS.fields(),
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
        url = ADDRESS.url_from_config(config_value.get("mysql_url"), config_value.get("mysql_db"))
        return cls(url, config_value["should_autocreate_tables"], inst_data)


class MySQLStorage(MySQLConfigurable, SqlStorage):
    """Runs, events and schedules in one MySQL or MariaDB database: each change is one transaction."""


class MySQLRunStorage(MySQLConfigurable, SqlRunStorage):
    """Runs in a MySQL or MariaDB database."""


class MySQLEventLogStorage(MySQLConfigurable, SqlEventLogStorage, SqlRetention):
    """The events of all runs, and what follows from them, in a MySQL or MariaDB database."""


class MySQLScheduleStorage(MySQLConfigurable, SqlScheduleStorage):
    """Schedules, sensors and their ticks in a MySQL or MariaDB database."""
