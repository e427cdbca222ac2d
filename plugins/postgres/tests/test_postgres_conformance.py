"""The four storages in PostgreSQL do what the interfaces say."""

from functools import partial

import pytest

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import Ability
from runrack_postgres import (
    PostgresEventLogStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
    PostgresStorage,
)


class OnPostgres:
    abilities = frozenset({Ability.SURVIVES_REOPEN, Ability.SHARES_BETWEEN_PROCESSES})

    @pytest.fixture(autouse=True)
    def _in_a_database(self, emptied_url):
        self.url = emptied_url

    def make_storage(self, tmp_path):
        return self.storage_class(self.url)

    def opener(self, storage):
        return partial(self.storage_class, self.url)


class TestPostgresStorage(OnPostgres, StorageConformance):
    storage_class = PostgresStorage


class TestPostgresRunStorage(OnPostgres, RunStorageConformance):
    storage_class = PostgresRunStorage


class TestPostgresEventLogStorage(OnPostgres, EventLogStorageConformance):
    storage_class = PostgresEventLogStorage


class TestPostgresScheduleStorage(OnPostgres, ScheduleStorageConformance):
    storage_class = PostgresScheduleStorage
