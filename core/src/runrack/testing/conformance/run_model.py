"""RunModelMachine: drives a run storage and a model of one dict through the same random steps, and compares."""

from datetime import UTC, datetime

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runrack.errors import RunAlreadyExistsError, RunNotFoundError
from runrack.interfaces.run_storage import RunStorage
from runrack.records.event_type import STATUS_AFTER, EventType
from runrack.records.run import Run
from runrack.records.run_status import TRANSITIONS, RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.testing.builders import make_event, make_run

RUN_IDS = st.sampled_from(["a", "b", "c", "A", "%"])
JOB_NAMES = st.sampled_from(["job", "JOB"])
TAGS = st.dictionaries(st.sampled_from(["x", "X", "y"]), st.sampled_from(["1", "2", "_"]), max_size=2)
FILTERS = st.builds(
    RunsFilter,
    job_name=st.none() | JOB_NAMES,
    statuses=st.just([]) | st.lists(st.sampled_from(RunStatus), max_size=3),
    tags=st.just({}) | TAGS,
    run_ids=st.none() | st.lists(RUN_IDS, min_size=1),
)
LIMITS = st.none() | st.integers(0, 4)


class RunModelMachine(RuleBasedStateMachine):
    """The model is a dict of runs in the order of insertion."""

    def __init__(self, storage: RunStorage) -> None:
        super().__init__()
        storage.wipe()
        self.storage = storage
        self.runs: dict[str, Run] = {}

    @rule(run_id=RUN_IDS, job_name=JOB_NAMES, tags=TAGS, status=st.sampled_from(RunStatus))
    def add(self, run_id: str, job_name: str, tags: dict[str, str], status: RunStatus) -> None:
        """Add a run, or be refused where the id exists."""
        run = make_run(run_id, job_name=job_name, tags=tags, status=status)
        try:
            self.storage.add_run(run, create_time=datetime.now(UTC))
        except RunAlreadyExistsError:
            assert run_id in self.runs
        else:
            assert run_id not in self.runs
            self.runs[run_id] = run

    @rule(run_id=RUN_IDS, event_type=st.sampled_from(EventType))
    def handle_event(self, run_id: str, event_type: EventType) -> None:
        """Send an event: it counts exactly where the table of transitions says so."""
        run, status = self.runs.get(run_id), STATUS_AFTER.get(event_type)
        counts = run is not None and status is not None and status in TRANSITIONS[run.status]
        assert self.storage.handle_run_event(run_id, make_event(event_type)) is counts
        if counts and run is not None and status is not None:
            self.runs[run_id] = run.with_status(status)

    @rule(run_id=RUN_IDS, tags=TAGS)
    def add_tags(self, run_id: str, tags: dict[str, str]) -> None:
        """Set tags, or be refused where the run is unknown."""
        try:
            self.storage.add_run_tags(run_id, tags)
        except RunNotFoundError:
            assert run_id not in self.runs
        else:
            self.runs[run_id] = self.runs[run_id].with_tags({**self.runs[run_id].tags, **tags})

    @rule(run_id=RUN_IDS)
    def delete(self, run_id: str) -> None:
        """Delete a run, known or not."""
        self.storage.delete_run(run_id)
        self.runs.pop(run_id, None)

    @rule(filters=FILTERS, limit=LIMITS, ascending=st.booleans())
    def query(self, filters: RunsFilter, limit: int | None, ascending: bool) -> None:
        """Filter, order and cut."""
        expected = [run for run in self._in_order(ascending) if _selects(filters, run)]
        assert list(self.storage.get_runs(filters, limit=limit, ascending=ascending)) == expected[:limit]
        assert self.storage.get_runs_count(filters) == len(expected)

    @precondition(lambda self: bool(self.runs))
    @rule(data=st.data(), limit=LIMITS, ascending=st.booleans())
    def page(self, data: st.DataObject, limit: int | None, ascending: bool) -> None:
        """Continue from a run."""
        cursor = data.draw(st.sampled_from(sorted(self.runs)))
        ids = [run.run_id for run in self._in_order(ascending)]
        expected = ids[ids.index(cursor) + 1 :][:limit]
        found = self.storage.get_runs(cursor=cursor, limit=limit, ascending=ascending)
        assert [run.run_id for run in found] == expected

    @invariant()
    def tags_agree(self) -> None:
        """The index of tags says what the runs say."""
        pairs = {pair for run in self.runs.values() for pair in run.tags.items()}
        expected = {key: {value for other, value in pairs if other == key} for key, _ in sorted(pairs)}
        assert list(self.storage.get_run_tags()) == list(expected.items())

    def _in_order(self, ascending: bool) -> list[Run]:
        runs = list(self.runs.values())
        return runs if ascending else runs[::-1]


def _selects(filters: RunsFilter, run: Run) -> bool:
    return (
        (filters.run_ids is None or run.run_id in filters.run_ids)
        and filters.job_name in {None, run.job_name}
        and (not filters.statuses or run.status in filters.statuses)
        and dict(filters.tags).items() <= dict(run.tags).items()
    )
