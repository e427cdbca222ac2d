"""Storage in a MySQL or MariaDB database: for more than one machine."""

from runrack_mysql.storage import (
    MySQLEventLogStorage,
    MySQLRunStorage,
    MySQLScheduleStorage,
    MySQLStorage,
)

__all__ = [
    "MySQLEventLogStorage",
    "MySQLRunStorage",
    "MySQLScheduleStorage",
    "MySQLStorage",
]
