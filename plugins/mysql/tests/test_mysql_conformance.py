"""The four storages in MySQL and MariaDB do what the interfaces say."""

from runrack_mysql.conformance import (
    TestMySQLEventLogStorage,
    TestMySQLRunStorage,
    TestMySQLScheduleStorage,
    TestMySQLStorage,
)

__all__ = [
    "TestMySQLEventLogStorage",
    "TestMySQLRunStorage",
    "TestMySQLScheduleStorage",
    "TestMySQLStorage",
]
