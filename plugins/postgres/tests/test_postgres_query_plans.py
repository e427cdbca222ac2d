"""Every question that is asked often can be answered from an index of PostgreSQL, without sorting."""

import re

import pytest
from sqlalchemy import event

from runrack.interfaces.event_log import EventQuery
from runrack.interfaces.run_storage import RUN_ORDERS
from runrack.records.asset_key import AssetKey
from runrack.records.event_filter import AssetRecordsFilter, EventRecordsFilter
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.records.tick import TickStatus
from runrack.testing.builders import make_materialization, make_run
from runrack_postgres import PostgresStorage

KEY = AssetKey("asset")

QUERIES = {
    "the log of a run": lambda it: it.event_log_storage.get_records_for_run("run", limit=10),
    "one type in a run": lambda it: it.event_log_storage.get_records_for_run(
        "run", of_type=EventType.STEP_START, limit=10
    ),
    "a type": lambda it: it.event_log_storage.fetch_run_status_changes(EventType.RUN_START, 10),
    "the newest event": lambda it: it.event_log_storage.get_maximum_record_id(),
    "all events after one": lambda it: it.event_log_storage.get_logs_for_all_runs_by_log_id(1, limit=10),
    "events by id": lambda it: it.event_log_storage.get_event_records(
        EventRecordsFilter(EventType.STEP_START, storage_ids=[1, 2, 3])
    ),
    "an asset": lambda it: it.event_log_storage.fetch_materializations(KEY, 10),
    "all about an asset": lambda it: it.event_log_storage.query_events(EventQuery(asset_key=KEY, limit=3)),
    "partitions of an asset": lambda it: it.event_log_storage.fetch_materializations(
        AssetRecordsFilter(KEY, ["a", "b"], after_storage_id=3), 10
    ),
    "the state of an asset": lambda it: it.event_log_storage.get_asset_records([KEY]),
    "asset keys with a prefix": lambda it: it.event_log_storage.get_asset_keys(["a"], 10, '["a"]'),
    "latest of each partition": lambda it: it.event_log_storage.get_latest_storage_id_by_partition(
        KEY, EventType.ASSET_MATERIALIZATION
    ),
    "dynamic partitions": lambda it: it.event_log_storage.get_dynamic_partitions("name", 3, after_key="a"),
    "a claim": lambda it: it.event_log_storage.check_concurrency_claim("key", "run", "step"),
    "the newest runs": lambda it: it.run_storage.get_run_records(limit=25),
    "runs after a cursor": lambda it: it.run_storage.get_run_records(limit=25, cursor="run"),
    "runs with a tag": lambda it: it.run_storage.get_run_records(RunsFilter(tags={"key": "value"}), limit=25),
    "runs of a job": lambda it: it.run_storage.get_run_records(RunsFilter(job_name="job"), limit=25),
    "runs in a status": lambda it: it.run_storage.get_run_records(
        RunsFilter(statuses=[RunStatus.QUEUED]), limit=25
    ),
    "runs in two statuses": lambda it: it.run_storage.get_run_records(
        RunsFilter(statuses=[RunStatus.QUEUED, RunStatus.FAILURE]), limit=25, cursor="run"
    ),
    "runs with two tags": lambda it: it.run_storage.get_run_records(
        RunsFilter(tags={"key": ["a", "b"], "other": "c"}, exclude_subruns=True), limit=25
    ),
    "the number of runs with two tags": lambda it: it.run_storage.get_runs_count(
        RunsFilter(tags={"key": "a", "other": "b"})
    ),
    "values of tags": lambda it: it.run_storage.get_run_tags(["key"], "v", 5),
    "a claim on a run": lambda it: [
        it.run_storage.release(each) for each in it.run_storage.claim("owner", 60)
    ],
    "dead owners": lambda it: it.run_storage.expire(5),
    "ticks": lambda it: it.schedule_storage.get_ticks(["selector"], limit=10),
    "ticks of many": lambda it: it.schedule_storage.get_batch_ticks(["a", "b", "c"], limit=5),
    "failures of many": lambda it: it.schedule_storage.get_batch_ticks(
        ["a", "b", "c"], limit=1, statuses=[TickStatus.FAILURE]
    ),
    **{
        f"runs by {order}, {ascending=}": lambda it, order=order, ascending=ascending: (
            it.run_storage.get_run_records(limit=25, order_by=order, ascending=ascending)
        )
        for order in RUN_ORDERS
        for ascending in (False, True)
    },
}

WHOLE_SORT = re.compile(r"(?<!Incremental )Sort  ")
"""An incremental sort only orders rows with the same indexed value, such as texts behind their indexed heads."""


@pytest.fixture
def storage(url):
    storage = PostgresStorage(url)
    storage.run_storage.add_run(make_run("run", status=RunStatus.QUEUED, tags={"key": "value"}))
    storage.store_events([make_materialization(partition="a")])
    yield storage
    storage.dispose()


def plans(storage, query):
    """Run a query and return the plan of each of its statements, made without what needs no index."""
    statements = []

    def note(_conn, _cursor, statement, parameters, _context, _many):
        statements.append((statement, parameters))

    engine = storage.database._engine
    event.listen(engine, "before_cursor_execute", note)
    query(storage)
    event.remove(engine, "before_cursor_execute", note)
    with storage.database.read() as conn:
        for method in ("seqscan", "bitmapscan", "sort"):
            conn.exec_driver_sql(f"SET LOCAL enable_{method} = off")
        return [
            "\n".join(conn.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
            for statement, parameters in statements
        ]


@pytest.mark.parametrize("name", QUERIES)
def test_a_question_is_answered_by_an_index(storage, name):
    """No query has to read a whole table, and none has to sort what an index holds in order."""
    found = plans(storage, QUERIES[name])
    assert found
    assert [plan for plan in found if "Seq Scan" in plan] == []
    assert [plan for plan in found if WHOLE_SORT.search(plan)] == []
