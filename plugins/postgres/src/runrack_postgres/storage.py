"""The storages that an operator can choose: all three in one database, or each in one of its own."""

from sqlalchemy import URL
from typing_extensions import override

from runrack.host.configurable import ConfigurableClassData
from runrack_postgres.database import PostgresDatabase
from runrack_sql.event_log_storage import SqlEventLogStorage
from runrack_sql.retention import SqlRetention
from runrack_sql.run_storage import SqlRunStorage
from runrack_sql.schedule_storage import SqlScheduleStorage
from runrack_sql.server_address import ServerAddress
from runrack_sql.server_configurable import ServerConfigurable
from runrack_sql.storage import SqlStorage


class PostgresConfigurable(ServerConfigurable):
    """A storage in a PostgreSQL database.

    Args:
        postgres_url: Where: `postgresql://user:password@host:5432/database`.
        should_autocreate_tables, inst_data: As for `ServerConfigurable`.
    """

    ADDRESS = ServerAddress(
        "postgres", "PostgreSQL", "postgresql+psycopg", 5432, "sslmode: verify-full", needs_database=False
    )

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        super().__init__(postgres_url, should_autocreate_tables, inst_data)

    @staticmethod
    @override
    def make_database(url: URL, *, creates_tables: bool) -> PostgresDatabase:
        return PostgresDatabase(url, creates_tables=creates_tables)


class PostgresStorage(PostgresConfigurable, SqlStorage):
    """Runs, events and schedules in one PostgreSQL database: each change is one transaction."""


class PostgresRunStorage(PostgresConfigurable, SqlRunStorage):
    """Runs in a PostgreSQL database."""


class PostgresEventLogStorage(PostgresConfigurable, SqlEventLogStorage, SqlRetention):
    """The events of all runs, and what follows from them, in a PostgreSQL database."""


class PostgresScheduleStorage(PostgresConfigurable, SqlScheduleStorage):
    """Schedules, sensors and their ticks in a PostgreSQL database."""
