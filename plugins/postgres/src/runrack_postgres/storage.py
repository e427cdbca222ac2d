"""The storages that an operator can choose: all three in one database, or each in one of its own."""

from collections.abc import Mapping
from typing import Any, Self

from typing_extensions import override

from runrack.config.secret import register_secret
from runrack.config.vocabulary import BoolSource, Field
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack_postgres.database import PostgresDatabase
from runrack_postgres.url import ADDRESS, url_of
from runrack_sql.event_log_storage import SqlEventLogStorage
from runrack_sql.part import SqlPart
from runrack_sql.retention import SqlRetention
from runrack_sql.run_storage import SqlRunStorage
from runrack_sql.schedule_storage import SqlScheduleStorage
from runrack_sql.storage import SqlStorage


class PostgresConfigurable(SqlPart, ConfigurableClass):
    """A storage in a PostgreSQL database.

    Args:
        postgres_url: Where: `postgresql://user:password@host:5432/database`.
        should_autocreate_tables: Whether the tables are created when the database has none.
        inst_data: What the storage was built from.
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        self._inst_data = inst_data
        url = url_of(postgres_url)
        if url.password:
            register_secret(url.password)
        super().__init__(PostgresDatabase(url, creates_tables=should_autocreate_tables))

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
        url = ADDRESS.url_from_config(config_value.get("postgres_url"), config_value.get("postgres_db"))
        return cls(url, config_value["should_autocreate_tables"], inst_data)


class PostgresStorage(PostgresConfigurable, SqlStorage):
    """Runs, events and schedules in one PostgreSQL database: each change is one transaction."""


class PostgresRunStorage(PostgresConfigurable, SqlRunStorage):
    """Runs in a PostgreSQL database."""


class PostgresEventLogStorage(PostgresConfigurable, SqlEventLogStorage, SqlRetention):
    """The events of all runs, and what follows from them, in a PostgreSQL database."""


class PostgresScheduleStorage(PostgresConfigurable, SqlScheduleStorage):
    """Schedules, sensors and their ticks in a PostgreSQL database."""
