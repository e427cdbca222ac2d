"""Every question that is asked often can be answered from an index of PostgreSQL, without sorting."""

import re

from runrack.records.run_status import RunStatus
from runrack.testing.builders import make_materialization, make_run
from runrack_postgres.conformance import OnPostgres
from runrack_sql.testing.query_plans import QueryPlanTests

WHOLE_SORT = re.compile(r"(?<!Incremental )Sort  ")
"""An incremental sort only orders rows with the same indexed value, such as texts behind their indexed heads."""


class TestQueryPlans(OnPostgres, QueryPlanTests):
    """`PostgresStorage`, whose server is told to do without what needs no index."""

    @classmethod
    def fill(cls, storage):
        storage.run_storage.add_run(make_run("run_1", status=RunStatus.QUEUED, tags={"key": "value 1"}))
        storage.store_events([make_materialization("asset_1", "partition_1")])

    def explain(self, conn, statement, parameters):
        for method in ("seqscan", "bitmapscan", "sort"):
            conn.exec_driver_sql(f"SET LOCAL enable_{method} = off")
        return conn.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars().all()

    def reads_a_whole_table(self, step):
        return "Seq Scan" in step

    def sorts(self, step):
        return WHOLE_SORT.search(step) is not None
