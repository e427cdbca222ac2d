"""Every question that is asked often can be answered from an index of MariaDB, and reads little of it."""

import pytest
from sqlalchemy import event

from runrack.interfaces.event_log import EventQuery
from runrack.interfaces.run_storage import RUN_ORDERS
from runrack.records.asset_key import AssetKey
from runrack.records.event_filter import AssetRecordsFilter, EventRecordsFilter
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.testing.builders import make_entry, make_materialization, make_run, make_tick
from runrack_mysql import MySQLStorage

KEY = AssetKey("asset_1")

QUERIES = {
    "the log of a run": lambda it: it.event_log_storage.get_records_for_run("run_1", limit=10),
    "one type in a run": lambda it: it.event_log_storage.get_records_for_run(
        "run_1", of_type=EventType.STEP_START, limit=10
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
        AssetRecordsFilter(KEY, ["partition_1", "partition_2"], after_storage_id=3), 10
    ),
    "the state of an asset": lambda it: it.event_log_storage.get_asset_records([KEY]),
    "asset keys with a prefix": lambda it: it.event_log_storage.get_asset_keys(
        ["asset_1"], 10, '["asset_1"]'
    ),
    "latest of each partition": lambda it: it.event_log_storage.get_latest_storage_id_by_partition(
        KEY, EventType.ASSET_MATERIALIZATION
    ),
    "dynamic partitions": lambda it: it.event_log_storage.get_dynamic_partitions("name", 3, after_key="7"),
    "a claim": lambda it: it.event_log_storage.check_concurrency_claim("key", "run", "step"),
    "the newest runs": lambda it: it.run_storage.get_run_records(limit=25),
    "runs after a cursor": lambda it: it.run_storage.get_run_records(limit=25, cursor="run_250"),
    "runs with a tag": lambda it: it.run_storage.get_run_records(
        RunsFilter(tags={"key": "value 1"}), limit=25
    ),
    "runs of a job": lambda it: it.run_storage.get_run_records(RunsFilter(job_name="job_1"), limit=25),
    "runs in a status": lambda it: it.run_storage.get_run_records(
        RunsFilter(statuses=[RunStatus.QUEUED]), limit=25
    ),
    "runs in two statuses": lambda it: it.run_storage.get_run_records(
        RunsFilter(statuses=[RunStatus.QUEUED, RunStatus.FAILURE]), limit=25, cursor="run_250"
    ),
    "runs with two tags": lambda it: it.run_storage.get_run_records(
        RunsFilter(tags={"key": ["value 1", "value 2"], "other": "c"}, exclude_subruns=True), limit=25
    ),
    "the number of runs with two tags": lambda it: it.run_storage.get_runs_count(
        RunsFilter(tags={"key": "value 1", "other": "c"})
    ),
    "values of tags": lambda it: it.run_storage.get_run_tags(["key"], "v", 5),
    "a claim on a run": lambda it: [
        it.run_storage.release(each) for each in it.run_storage.claim("owner", 60)
    ],
    "dead owners": lambda it: it.run_storage.expire(5),
    "ticks": lambda it: it.schedule_storage.get_ticks([make_tick("schedule_7").selector_id], limit=10),
    **{
        f"runs by {order}, {ascending=}": lambda it, order=order, ascending=ascending: (
            it.run_storage.get_run_records(limit=25, order_by=order, ascending=ascending)
        )
        for order in RUN_ORDERS
        for ascending in (False, True)
    },
}

FEW = 10
"""So many rows the server rather sorts, when it expects no more, than to look for them in their order."""

DOUBLE = (
    """
    INSERT INTO runs
        (id, run_id, job_name, status, created_us, updated_us, start_time, end_time, epoch, body)
    SELECT id + (SELECT max(id) FROM runs), concat('{0}', run_id), job_name, status, created_us + 1, updated_us + 1,
        start_time, end_time, epoch, body FROM runs
    """,
    """
    INSERT INTO run_tags
    SELECT run_row + (SELECT max(run_row) FROM run_tags), `key`, value_head, value FROM run_tags
    """,
    """
    INSERT INTO events
    SELECT id + (SELECT max(id) FROM events), concat('{0}', event_id), concat('{0}', run_id), event_type, timestamp,
        job_name, asset_digest, partition_digest, late, body FROM events
    """,
    """
    INSERT INTO assets (digest, asset_head, asset_key, live_timestamp)
    SELECT concat('{0}', left(digest, 39)), concat('["{0}', asset_head), concat('["{0}', asset_key), live_timestamp
    FROM assets
    """,
)
"""Statements, with a place for a name, after which there are twice as many rows: with few, the whole table is as cheap as an index."""


@pytest.fixture(scope="module")
def storage(mariadb_server, ask):
    """A storage with enough rows that an index is cheaper than the whole table."""
    with mariadb_server.database() as url:
        storage = MySQLStorage(url)
        fill(storage)
        for name in "abcde":
            for statement in DOUBLE:
                ask(url, statement.format(name))
        ask(url, "ANALYZE TABLE runs, run_tags, events, assets, asset_partitions, dynamic_partitions, ticks")
        yield storage
        storage.dispose()


def fill(storage):
    for number in range(300):
        status = RunStatus.QUEUED if number % 50 == 0 else RunStatus.NOT_STARTED
        tags = {"key": f"value {number % 100}", "other": "c"}
        storage.run_storage.add_run(
            make_run(f"run_{number}", job_name=f"job_{number % 50}", status=status, tags=tags)
        )
        storage.schedule_storage.create_tick(make_tick(f"schedule_{number % 50}", timestamp=number))
    storage.store_events(
        [make_entry(EventType.STEP_START, f"run_{number % 300}") for number in range(800)]
        + [make_materialization(f"asset_{number % 50}", f"partition_{number % 7}") for number in range(800)]
    )
    storage.event_log_storage.add_dynamic_partitions("name", [str(number) for number in range(500)])


def plans(storage, query):
    """Run a query and return the plan of each of its statements: a row for each table that is read."""
    statements = []

    def note(_conn, _cursor, statement, parameters, _context, _many):
        if not statement.startswith("SET"):
            statements.append((statement, parameters))

    engine = storage.database._engine
    event.listen(engine, "before_cursor_execute", note)
    query(storage)
    event.remove(engine, "before_cursor_execute", note)
    with storage.database.write() as conn:
        return [
            dict(row)
            for statement, parameters in statements
            for row in conn.exec_driver_sql(f"EXPLAIN {statement}", parameters).mappings()
        ]


def is_derived(plan):
    """Whether what is read is the result of a query inside of the query."""
    return (plan["table"] or "").startswith("<")


@pytest.mark.parametrize("name", QUERIES)
def test_a_question_is_answered_by_an_index(storage, name):
    """No query has to read a whole table, and none has to sort many rows that an index holds in order."""
    found = plans(storage, QUERIES[name])
    assert found
    assert [plan for plan in found if plan["type"] == "ALL" and not is_derived(plan)] == []
    assert [plan for plan in found if "filesort" in (plan["Extra"] or "") and int(plan["rows"]) > FEW] == []
