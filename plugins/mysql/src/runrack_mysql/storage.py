"""The storages that an operator can choose: all three in one database, or each in one of its own."""

from sqlalchemy import URL
from typing_extensions import override

from runrack.host.configurable import ConfigurableClassData
from runrack_mysql.database import MySQLDatabase
from runrack_sql.event_log_storage import SqlEventLogStorage
from runrack_sql.retention import SqlRetention
from runrack_sql.run_storage import SqlRunStorage
from runrack_sql.schedule_storage import SqlScheduleStorage
from runrack_sql.server_address import ServerAddress
from runrack_sql.server_configurable import ServerConfigurable
from runrack_sql.storage import SqlStorage


class MySQLConfigurable(ServerConfigurable):
    """A storage in a MySQL or MariaDB database.

    Args:
        mysql_url: Where: `mysql://user:password@host:3306/database`.
        should_autocreate_tables, inst_data: As for `ServerConfigurable`.
    """

    ADDRESS = ServerAddress(
        "mysql", "MySQL or MariaDB", "mysql+pymysql", 3306, "ssl_ca: /etc/ssl/db.pem", needs_database=True
    )

    def __init__(
        self,
        mysql_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        super().__init__(mysql_url, should_autocreate_tables, inst_data)

    @staticmethod
    @override
    def make_database(url: URL, *, creates_tables: bool) -> MySQLDatabase:
        return MySQLDatabase(url, creates_tables=creates_tables)


class MySQLStorage(MySQLConfigurable, SqlStorage):
    """Runs, events and schedules in one MySQL or MariaDB database: each change is one transaction."""


class MySQLRunStorage(MySQLConfigurable, SqlRunStorage):
    """Runs in a MySQL or MariaDB database."""


class MySQLEventLogStorage(MySQLConfigurable, SqlEventLogStorage, SqlRetention):
    """The events of all runs, and what follows from them, in a MySQL or MariaDB database."""


class MySQLScheduleStorage(MySQLConfigurable, SqlScheduleStorage):
    """Schedules, sensors and their ticks in a MySQL or MariaDB database."""
