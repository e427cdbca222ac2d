"""Every question that is asked often can be answered from an index of MariaDB, and reads little of it."""

from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus
from runrack.testing.builders import make_entry, make_materialization, make_run, make_tick
from runrack_mysql.conformance import OnMariaDB
from runrack_sql.testing.query_plans import QueryPlanTests

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


class TestQueryPlans(OnMariaDB, QueryPlanTests):
    """`MySQLStorage`, with enough rows that an index is cheaper than the whole table."""

    @classmethod
    def fill(cls, storage):
        for number in range(300):
            status = RunStatus.QUEUED if number % 50 == 0 else RunStatus.NOT_STARTED
            tags = {"key": f"value {number % 100}", "other": "c"}
            storage.run_storage.add_run(
                make_run(f"run_{number}", job_name=f"job_{number % 50}", status=status, tags=tags)
            )
            storage.schedule_storage.create_tick(make_tick(f"schedule_{number % 50}", timestamp=number))
        storage.store_events(
            [make_entry(EventType.STEP_START, f"run_{number % 300}") for number in range(800)]
            + [
                make_materialization(f"asset_{number % 50}", f"partition_{number % 7}")
                for number in range(800)
            ]
        )
        storage.event_log_storage.add_dynamic_partitions("name", [str(number) for number in range(500)])
        with storage.database.write() as conn:
            for name in "abcde":
                for statement in DOUBLE:
                    conn.exec_driver_sql(statement.format(name))
        with storage.database.write() as conn:
            conn.exec_driver_sql(
                "ANALYZE TABLE runs, run_tags, events, assets, asset_partitions, dynamic_partitions, ticks"
            ).all()

    def explain(self, conn, statement, parameters):
        return conn.exec_driver_sql(f"EXPLAIN {statement}", parameters).mappings().all()

    def reads_a_whole_table(self, step):
        return step["type"] == "ALL" and not is_derived(step)

    def sorts(self, step):
        return "filesort" in (step["Extra"] or "") and int(step["rows"]) > FEW


def is_derived(step):
    """Whether what is read is the result of a query inside of the query."""
    return (step["table"] or "").startswith("<")
