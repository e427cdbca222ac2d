"""Questions that are asked often, each of which an index has to answer."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, event

from runrack.interfaces.event_log import EventQuery
from runrack.interfaces.run_storage import RUN_ORDERS
from runrack.records.asset_key import AssetKey
from runrack.records.event_filter import AssetRecordsFilter, EventRecordsFilter
from runrack.records.event_type import EventType
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.records.tick import TickStatus
from runrack.testing.builders import make_tick
from runrack.testing.database_server import DatabaseServer
from runrack_sql.storage import SqlStorage
from runrack_sql.testing.in_database import SqlSuite
from runrack_sql.testing.on_server import OnServer

KEY = AssetKey("asset_1")
SELECTORS = [make_tick(f"schedule_{number}").selector_id for number in (7, 8, 9)]


def _ask_for_runs(order: str, ascending: bool, storage: SqlStorage) -> object:
    return storage.run_storage.get_run_records(limit=25, order_by=order, ascending=ascending)


QUESTIONS: dict[str, Callable[[SqlStorage], object]] = {
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
    "ticks": lambda it: it.schedule_storage.get_ticks(SELECTORS[:1], limit=10),
    "ticks of many": lambda it: it.schedule_storage.get_batch_ticks(SELECTORS, limit=5),
    "failures of many": lambda it: it.schedule_storage.get_batch_ticks(
        SELECTORS, limit=1, statuses=[TickStatus.FAILURE]
    ),
    **{
        f"runs by {order}, {ascending=}": partial(_ask_for_runs, order, ascending)
        for order in RUN_ORDERS
        for ascending in (False, True)
    },
}
"""What is asked, to the call that asks it."""


class QueryPlanTests(OnServer, SqlSuite):
    """What holds for the plans of a server, which a subclass reads."""

    @classmethod
    @abstractmethod
    def fill(cls, storage: SqlStorage) -> None:
        """Store enough that the server takes an index."""

    @abstractmethod
    def explain(self, conn: Connection, statement: str, parameters: Any) -> Sequence[Any]:
        """Return the steps that the server takes for a statement."""

    @abstractmethod
    def reads_a_whole_table(self, step: Any) -> bool:
        """Tell whether a step does."""

    @abstractmethod
    def sorts(self, step: Any) -> bool:
        """Tell whether a step sorts what an index should hold in order."""

    @pytest.fixture(scope="class")
    @classmethod
    def filled(cls, request: pytest.FixtureRequest) -> Iterator[SqlStorage]:
        """A storage with something in it, the same for all questions."""
        server: DatabaseServer = request.getfixturevalue(cls.server_fixture)
        with server.database() as url:
            storage: SqlStorage = cls.storage_class(url)
            cls.fill(storage)
            yield storage
            storage.dispose()

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_a_question_is_answered_by_an_index(self, filled: SqlStorage, name: str) -> None:
        """No query has to read a whole table, and none has to sort what an index holds in order."""
        statements = _statements(filled, QUESTIONS[name])
        with filled.database.write() as conn:
            steps = [step for each in statements for step in self.explain(conn, *each)]
        assert steps
        assert [step for step in steps if self.reads_a_whole_table(step)] == []
        assert [step for step in steps if self.sorts(step)] == []


def _statements(storage: SqlStorage, question: Callable[[SqlStorage], object]) -> list[tuple[str, Any]]:
    """Ask a question and return its statements, each with its parameters."""
    noted: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any) -> None:
        if not statement.startswith("SET"):
            noted.append((statement, parameters))

    engine = storage.database._engine  # noqa: SLF001 - what a database sends is nobody else's business
    event.listen(engine, "before_cursor_execute", note)
    question(storage)
    event.remove(engine, "before_cursor_execute", note)
    return noted
