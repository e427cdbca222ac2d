"""The four storages do the same behind a pooler that gives each transaction another connection."""

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


class BehindAPooler:
    abilities = frozenset({Ability.SURVIVES_REOPEN, Ability.SHARES_BETWEEN_PROCESSES})

    @pytest.fixture(autouse=True)
    def _in_a_database(self, emptied_url, pgbouncer):
        self.url = pgbouncer.url_of(emptied_url)

    def make_storage(self, tmp_path):
        return self.storage_class(self.url)

    def opener(self, storage):
        return partial(self.storage_class, self.url)


class TestPooledStorage(BehindAPooler, StorageConformance):
    storage_class = PostgresStorage


class TestPooledRunStorage(BehindAPooler, RunStorageConformance):
    storage_class = PostgresRunStorage


class TestPooledEventLogStorage(BehindAPooler, EventLogStorageConformance):
    storage_class = PostgresEventLogStorage


class TestPooledScheduleStorage(BehindAPooler, ScheduleStorageConformance):
    storage_class = PostgresScheduleStorage


def test_the_tables_are_made_through_a_pooler(postgres_server, pgbouncer):
    """An empty database gets its tables through the pooler."""
    with postgres_server.database() as url:
        storage = PostgresStorage(pgbouncer.url_of(url))
        assert storage.run_storage.get_runs_count() == 0
        assert storage.get_schema_status().is_current
        storage.dispose()
