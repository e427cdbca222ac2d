"""Every query finds its rows through an index: SQLite itself is asked how it would look for them."""

import re
from datetime import UTC, datetime

import pytest

from runrack.interfaces.event_log import EventQuery
from runrack.interfaces.run_storage import RUN_ORDERS
from runrack.records.asset_key import AssetKey
from runrack.records.event_filter import (
    AssetRecordsFilter,
    EventRecordsFilter,
    RunStatusChangeRecordsFilter,
)
from runrack.records.event_type import EventType
from runrack.records.run_queue import QueueLimits, TagLimit
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.records.tick import TickStatus
from runrack.testing.builders import make_entry, make_materialization, make_run
from runrack_sqlite import SqliteStorage

KEY = AssetKey("asset")
NOW = datetime.now(UTC)
MATERIALIZATION = EventType.ASSET_MATERIALIZATION
MANY_PARTITIONS = [str(number) for number in range(200)]

EVENT_QUERIES = {
    "a run": lambda log: log.get_records_for_run("run", limit=5),
    "a run backwards": lambda log: log.get_records_for_run("run", limit=5, ascending=False),
    "a run, one type": lambda log: log.get_records_for_run("run", of_type=EventType.STEP_START, limit=5),
    "a run, two types": lambda log: log.get_records_for_run(
        "run", of_type={EventType.STEP_START, EventType.STEP_FAILURE}
    ),
    "a run, one type, after": lambda log: log.query_events(
        EventQuery(run_id="run", event_types=frozenset({EventType.STEP_START}), after_id=5)
    ),
    "all runs": lambda log: log.get_logs_for_all_runs_by_log_id(5, limit=10),
    "all runs, one type": lambda log: log.get_logs_for_all_runs_by_log_id(5, EventType.RUN_START, 10),
    "all runs, two types": lambda log: log.get_logs_for_all_runs_by_log_id(
        5, {EventType.RUN_START, EventType.RUN_FAILURE}, 10
    ),
    "status changes": lambda log: log.fetch_run_status_changes(
        RunStatusChangeRecordsFilter(EventType.RUN_START, after_timestamp=1.0, job_names=["job"]), 10
    ),
    "an asset": lambda log: log.fetch_materializations(KEY, 10),
    "an asset, all types": lambda log: log.query_events(EventQuery(asset_key=KEY, limit=3)),
    "a partition": lambda log: log.fetch_materializations(AssetRecordsFilter(KEY, ["a"]), 10),
    "two partitions": lambda log: log.fetch_materializations(
        AssetRecordsFilter(KEY, ["a", "b"], after_storage_id=3), 10
    ),
    "many partitions": lambda log: log.fetch_observations(AssetRecordsFilter(KEY, MANY_PARTITIONS), 10),
    "storage ids": lambda log: log.get_event_records(
        EventRecordsFilter(EventType.STEP_START, storage_ids=[1, 2, 3])
    ),
    "the newest": lambda log: log.get_maximum_record_id(),
    "statistics": lambda log: log.get_stats_for_run("run"),
    "asset records": lambda log: log.get_asset_records([KEY]),
    "asset keys": lambda log: log.get_asset_keys(limit=10),
    "asset keys with a prefix": lambda log: log.get_asset_keys(["a"], 10, '["a"]'),
    "partitions": lambda log: log.get_latest_storage_id_by_partition(KEY, MATERIALIZATION),
    "some partitions": lambda log: log.get_latest_storage_id_by_partition(KEY, MATERIALIZATION, ["a"], 3),
    "pending plans": lambda log: log.get_pending_plans(KEY),
    "pending plans of some partitions": lambda log: log.get_pending_plans(KEY, ["a", "b"]),
    "the newest plan": lambda log: log.get_latest_planned_materialization_info(KEY, "a"),
    "the newest data": lambda log: log.get_latest_data_version_record(KEY, partition_key="a"),
    "a page of dynamic partitions": lambda log: log.get_paginated_dynamic_partitions("definition", 3),
    "existing partitions": lambda log: log.get_existing_dynamic_partitions("definition", ["a", "b"]),
    "dynamic partitions": lambda log: log.get_dynamic_partitions("definition", 3, after_key="a"),
    "a dynamic partition": lambda log: log.has_dynamic_partition("definition", "a"),
    "a claim": lambda log: log.check_concurrency_claim("key", "run", "step"),
}

RUN_QUERIES = {
    "the newest": lambda runs: runs.get_run_records(limit=25),
    "one": lambda runs: runs.get_run_by_id("run"),
    "after a cursor": lambda runs: runs.get_run_records(limit=25, cursor="run"),
    "a tag": lambda runs: runs.get_run_records(RunsFilter(tags={"key": "value"}), limit=25),
    "two tags": lambda runs: runs.get_run_records(
        RunsFilter(tags={"key": "a", "other": ["b", "c"]}), limit=25
    ),
    "a job": lambda runs: runs.get_run_records(RunsFilter(job_name="job"), limit=25),
    "a status": lambda runs: runs.get_run_records(RunsFilter(statuses=[RunStatus.QUEUED]), limit=25),
    "two statuses": lambda runs: runs.get_run_records(
        RunsFilter(statuses=[RunStatus.QUEUED, RunStatus.FAILURE]), limit=25, cursor="run"
    ),
    "a tag with two values": lambda runs: runs.get_run_records(
        RunsFilter(tags={"key": ["a", "b"]}, exclude_subruns=True), limit=25
    ),
    "a count of a status": lambda runs: runs.get_runs_count(
        RunsFilter(statuses=[RunStatus.QUEUED, RunStatus.FAILURE])
    ),
    "a count of two tags": lambda runs: runs.get_runs_count(RunsFilter(tags={"key": "a", "other": "b"})),
    "a claim": lambda runs: [runs.release(claim) for claim in runs.claim("owner", 60, limit=5)],
    "dead owners": lambda runs: runs.expire(5),
    "values of tags": lambda runs: runs.get_run_tags(["key"], "v", 5),
    "a snapshot": lambda runs: runs.get_run_records(RunsFilter(snapshot_id="id"), limit=25),
    "updated": lambda runs: runs.get_run_records(
        RunsFilter(updated_after=NOW), limit=25, order_by="update_timestamp"
    ),
    "created": lambda runs: runs.get_run_records(
        RunsFilter(created_after=NOW), limit=25, order_by="create_timestamp", ascending=True
    ),
    "no subruns": lambda runs: runs.get_run_records(RunsFilter(exclude_subruns=True), limit=25),
    "tag keys": lambda runs: runs.get_run_tag_keys(),
    **{
        f"ordered by {order}": lambda runs, order=order: runs.get_run_records(limit=25, order_by=order)
        for order in RUN_ORDERS
    },
}

TICK_QUERIES = {
    "the newest of one": lambda ticks: ticks.get_ticks(["selector"], limit=1),
    "one before a moment": lambda ticks: ticks.get_ticks(["selector"], before=5.0, limit=25),
    "the newest of each": lambda ticks: ticks.get_batch_ticks(["a", "b", "c"], limit=5),
    "the newest failure of each": lambda ticks: ticks.get_batch_ticks(
        ["a", "b"], limit=1, statuses=[TickStatus.FAILURE, TickStatus.SKIPPED]
    ),
    "the newest": lambda ticks: ticks.get_ticks(limit=25),
}

IN_THE_ORDER_OF_THE_TABLE = re.compile(r"SCAN (runs|probe|CONSTANT ROW)$")
"""Reading runs from the newest on needs no index: their ids are the order of the table.

A probe is what another query found, of a bounded number of rows; a constant row is the time of day.
"""


@pytest.fixture
def storage(tmp_path):
    storage = SqliteStorage(tmp_path)
    storage.run_storage.add_run(make_run("run", status=RunStatus.QUEUED, tags={"key": "value"}))
    storage.store_events([make_materialization(partition="a"), make_entry(EventType.STEP_START)])
    yield storage
    storage.dispose()


def plans(storage, query):
    """Run a query and return the steps that SQLite takes for each of its statements."""
    statements = []
    _trace(storage, statements.append)
    query()
    _trace(storage, None)
    with storage.database.read() as conn:
        return [
            step
            for statement in statements
            if statement.startswith(("SELECT", "UPDATE"))
            for *_, step in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
        ]


def _trace(storage, callback):
    for transaction in (storage.database.read, storage.database.write):
        with transaction() as conn:
            conn.connection.driver_connection.set_trace_callback(callback)


@pytest.mark.parametrize("name", EVENT_QUERIES)
def test_a_question_to_the_log_is_answered_by_an_index(storage, name):
    """No query reads a whole table, and none sorts what an index holds in order."""
    steps = plans(storage, lambda: EVENT_QUERIES[name](storage.event_log_storage))
    assert steps
    assert [step for step in steps if step.startswith("SCAN") and " INDEX " not in step] == []
    assert [step for step in steps if step.startswith("SCAN events")] == []
    assert [step for step in steps if step == "USE TEMP B-TREE FOR ORDER BY"] == []


@pytest.mark.parametrize("name", RUN_QUERIES)
def test_a_page_of_runs_is_found_in_order(storage, name):
    """No query sorts: each reads as many rows as the page has, whatever the number of runs."""
    steps = plans(storage, lambda: RUN_QUERIES[name](storage.run_storage))
    assert steps
    scans = [step for step in steps if step.startswith("SCAN") and " INDEX " not in step]
    assert [step for step in scans if not IN_THE_ORDER_OF_THE_TABLE.match(step)] == []
    assert [step for step in steps if "TEMP B-TREE" in step] == []


@pytest.mark.parametrize("name", TICK_QUERIES)
def test_the_newest_ticks_are_found_in_order(storage, name):
    """No query sorts ticks, and none reads more of an instigator than is wanted of it."""
    steps = plans(storage, lambda: TICK_QUERIES[name](storage.schedule_storage))
    reads = [step for step in steps if "ticks" in step]
    assert reads
    assert [step for step in reads if " USING INDEX ticks_by_" not in step] == []
    assert [step for step in steps if "TEMP B-TREE" in step] == []


def test_ticks_of_many_instigators_take_one_query(storage):
    """The newest ticks of 100 instigators are asked for at once."""
    statements = []
    _trace(storage, statements.append)
    storage.schedule_storage.get_batch_ticks([str(number) for number in range(100)], limit=1)
    _trace(storage, None)
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 1


def test_one_run_is_not_looked_for_among_all_events_of_a_type(storage):
    """The events of a run are found by run, also when their type and a bound of the id are given."""
    (step,) = plans(storage, lambda: EVENT_QUERIES["a run, one type, after"](storage.event_log_storage))
    assert step == "SEARCH events USING INDEX events_by_run (run_id=? AND id>?)"


def test_a_page_of_runs_takes_two_queries(storage):
    """Tags are read once for the page, not once for each run."""
    for number in range(30):
        storage.run_storage.add_run(make_run(tags={"key": str(number)}))
    assert len(plans(storage, lambda: storage.run_storage.get_run_records(limit=25))) == 2


def test_a_count_reads_an_index_only(storage):
    """Runs are counted by status, by job and by tags without reading a run or a tag."""
    for filters in (
        RunsFilter(statuses=[RunStatus.QUEUED]),
        RunsFilter(job_name="job"),
        RunsFilter(tags={"key": "a"}),
    ):
        (step,) = plans(storage, lambda filters=filters: storage.run_storage.get_runs_count(filters))
        assert "USING COVERING INDEX" in step


def test_the_next_in_line_is_found_without_sorting(storage):
    """A claim walks along the queue: it does not read all that waits."""
    steps = plans(storage, lambda: storage.run_storage.claim("owner", 60))
    assert "SEARCH runs USING INDEX runs_by_turn (status=?)" in steps


def test_a_queue_that_waits_is_read_by_an_index(storage):
    """A look at runs that wait for a limit reads the queue in its order and of each run its tag, and no run itself."""
    limits = QueueLimits(tag_limits=(TagLimit("team", 1, is_per_value=True),))
    for _ in range(2):
        storage.run_storage.add_run(make_run(status=RunStatus.QUEUED, tags={"team": "a"}))
    assert len(storage.run_storage.claim_next("owner", 60, limits)) == 1
    steps = plans(storage, lambda: storage.run_storage.claim_next("owner", 60, limits))
    assert "SEARCH runs USING COVERING INDEX runs_by_turn (status=?)" in steps
    assert "SEARCH run_tags USING INDEX sqlite_autoindex_run_tags_1 (run_row=? AND key=?)" in steps
    assert "SEARCH runs USING INDEX runs_by_lease (lease_expires_us>?)" in steps
    assert not [step for step in steps if step.startswith("SCAN runs")]
