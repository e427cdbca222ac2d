"""The four storages in MySQL and MariaDB do what the interfaces say."""

from functools import partial

import pytest

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import Ability
from runrack_mysql import (
    MySQLEventLogStorage,
    MySQLRunStorage,
    MySQLScheduleStorage,
    MySQLStorage,
)


class OnMySQL:
    abilities = frozenset(Ability)

    @pytest.fixture(autouse=True)
    def _in_a_database(self, url):
        self.url = url

    def make_storage(self, tmp_path):
        return self.storage_class(self.url)

    def opener(self, storage):
        return partial(self.storage_class, self.url)


class TestMySQLStorage(OnMySQL, StorageConformance):
    storage_class = MySQLStorage


class TestMySQLRunStorage(OnMySQL, RunStorageConformance):
    storage_class = MySQLRunStorage


class TestMySQLEventLogStorage(OnMySQL, EventLogStorageConformance):
    storage_class = MySQLEventLogStorage


class TestMySQLScheduleStorage(OnMySQL, ScheduleStorageConformance):
    storage_class = MySQLScheduleStorage
