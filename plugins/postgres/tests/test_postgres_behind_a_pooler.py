"""The storages do the same behind a pooler that gives each transaction another connection."""

import pytest

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack_postgres import (
    PostgresEventLogStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
    PostgresStorage,
)
from runrack_postgres.conformance import OnPostgres


class BehindAPooler(OnPostgres):
    @pytest.fixture(autouse=True)
    def _behind_a_pooler(self, _in_empty_tables, pgbouncer):
        self.place = pgbouncer.url_of(self.place)


class TestPooledStorage(BehindAPooler, StorageConformance):
    storage_class = PostgresStorage


@pytest.mark.soak
class TestPooledRunStorage(BehindAPooler, RunStorageConformance):
    storage_class = PostgresRunStorage


@pytest.mark.soak
class TestPooledEventLogStorage(BehindAPooler, EventLogStorageConformance):
    storage_class = PostgresEventLogStorage


@pytest.mark.soak
class TestPooledScheduleStorage(BehindAPooler, ScheduleStorageConformance):
    storage_class = PostgresScheduleStorage


def test_the_tables_are_made_through_a_pooler(postgres_server, pgbouncer):
    """An empty database gets its tables through the pooler."""
    with postgres_server.database() as url:
        storage = PostgresStorage(pgbouncer.url_of(url))
        assert storage.run_storage.get_runs_count() == 0
        assert storage.get_schema_status().is_current
        storage.dispose()
