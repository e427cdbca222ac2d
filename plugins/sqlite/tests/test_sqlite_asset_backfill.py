"""The state of assets that version 0002 of the tables adds, derived from the log of version 0001."""

import pytest
from sqlalchemy import delete, func, select, update

from runrack.records.event_type import EventType
from runrack.testing.builders import make_entry, make_materialization, make_plan
from runrack_sql.migrations.versions.rev_0002_additions import fill_asset_state
from runrack_sql.schema import asset_partitions, asset_plans, assets
from runrack_sqlite import SqliteStorage


@pytest.fixture
def storage(tmp_path):
    storage = SqliteStorage(tmp_path)
    yield storage
    storage.dispose()


def rows_of(storage):
    with storage.database.read() as conn:
        return [
            sorted(conn.execute(select(table)).all(), key=str)
            for table in (assets, asset_partitions, asset_plans)
        ]


def test_what_the_log_tells_is_filled_in(storage):
    """A database whose rows lack the new state gets from its log what it would have had."""
    storage.store_events(
        [
            make_plan(partition="wiped", run_id="0"),
            make_plan("other", "a", run_id="0"),
        ]
    )
    storage.event_log_storage.wipe_asset(make_plan().event.asset_key)
    storage.store_events(
        [
            make_plan(partition="written", run_id="1"),
            make_materialization(partition="written", run_id="1"),
            make_plan(partition="failed", run_id="2"),
            make_plan(partition="failed", run_id="2"),
            make_entry(EventType.RUN_FAILURE, "2"),
            make_plan(partition="failed", run_id="3"),
            make_entry(EventType.RUN_CANCELED, "3"),
            make_plan(partition="waiting", run_id="4"),
            make_plan(run_id="5"),
        ]
    )
    expected = rows_of(storage)
    assert [len(rows) for rows in expected] == [2, 5, 3]
    with storage.database.write() as conn:
        conn.execute(delete(asset_plans))
        conn.execute(update(assets).values(last_planned_run_id=None))
        conn.execute(update(asset_partitions).values(run_id=None))
        last = conn.execute(select(func.max(assets.c.id))).scalar_one()
        fill_asset_state(conn, 0, last - 1)
        fill_asset_state(conn, last - 1, last)
    assert rows_of(storage) == expected
