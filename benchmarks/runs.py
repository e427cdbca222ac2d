"""Milliseconds that questions about runs take at 10,000 and at 100,000 runs, and runs per second that are added.

Run i has job `job_{i%50}`, tags `team=team_{i%10}`, `env=env_{i%3}` and `seq=i`, and status SUCCESS, except of each 20
two FAILURE, one STARTED and one QUEUED. The first runs go through `add_run`, timed; the others are loaded into the same
tables. Then each question is asked ROUNDS times, all of them in turn; the figure is the median. `growth` is the time at
100,000 over the time at 10,000.

    python benchmarks/runs.py sqlite
    python benchmarks/runs.py postgres      # on a server of its own, vacuumed after each load as it does by itself
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert

from runrack.interfaces.run_storage import RunStorage
from runrack.records.run import RemoteJobOrigin, Run
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack_sql.run_row import run_row, tag_rows
from runrack_sql.run_storage import SqlRunStorage
from runrack_sql.schema import run_tags, runs

SIZES = (10_000, 100_000)
ADDED = 1000
ROUNDS = 20
PORTION = 5000
PAGE = 25
MANY_IDS = 40_000

FAILURE, STARTED, QUEUED = RunStatus.FAILURE, RunStatus.STARTED, RunStatus.QUEUED
STATUSES = {0: FAILURE, 1: FAILURE, 2: STARTED, 3: QUEUED}
"""Of each 20 runs; the others have succeeded."""

Question = Callable[[RunStorage], object]


def page(**fields: Any) -> Question:
    return lambda storage: storage.get_run_records(RunsFilter(**fields), limit=PAGE)


def count(**fields: Any) -> Question:
    return lambda storage: storage.get_runs_count(RunsFilter(**fields))


QUESTIONS: Mapping[str, Question] = {
    "newest 25": page(),
    "next page": lambda storage: storage.get_run_records(limit=PAGE, cursor="run-5000"),
    "by a tag of a tenth": page(tags={"team": "team_3"}),
    "by two tags": page(tags={"team": "team_3", "env": "env_1"}),
    "by a common and a rare tag": page(tags={"team": "team_3", "seq": "73"}),
    "by a tag of one run": page(tags={"seq": "77"}),
    "by status": page(statuses=[FAILURE]),
    "by three statuses": page(statuses=[FAILURE, STARTED, QUEUED]),
    "by a status that no run has": page(statuses=[RunStatus.CANCELING]),
    "by job": page(job_name="job_7"),
    "by job and status": page(job_name="job_7", statuses=[RunStatus.SUCCESS]),
    "one by id": lambda storage: storage.get_run_record_by_id("run-5000"),
    "count of all": count(),
    "count of a status": count(statuses=[FAILURE]),
    "count of a tag": count(tags={"team": "team_3"}),
    "count of a job": count(job_name="job_7"),
    "values of a tag": lambda storage: storage.get_run_tags(["team"]),
    "keys of tags": lambda storage: storage.get_run_tag_keys(),
    "claim and release": lambda storage: [storage.release(claim) for claim in storage.claim("benchmark", 60)],
}
"""What is asked often: a page of a list, a figure in a heading, the queue."""

LONG_QUESTIONS: Mapping[str, Question] = {
    "25 of 40,000 ids": page(run_ids=[f"run-{number}" for number in range(MANY_IDS)]),
    "values of a tag that all runs have differently": lambda storage: storage.get_run_tags(["seq"]),
}
"""What is asked seldom, and may take its time."""


def benchmark_run(number: int, status: RunStatus) -> Run:
    tags = {"team": f"team_{number % 10}", "env": f"env_{number % 3}", "seq": str(number)}
    origin = RemoteJobOrigin("location", "job")
    config = {"ops": {"load": {"config": {"path": "/data/in", "rows": number}}}}
    return Run(
        job_name=f"job_{number % 50}",
        run_id=f"run-{number}",
        run_config=config,
        status=status,
        tags=tags,
        remote_job_origin=origin,
    )


def workload(start: int, stop: int) -> Iterator[Run]:
    for number in range(start, stop):
        yield benchmark_run(number, STATUSES.get(number % 20, RunStatus.SUCCESS))


def add(storage: RunStorage, added: Iterable[Run]) -> None:
    for run in added:
        storage.add_run(run)


def load(storage: SqlRunStorage, start: int, stop: int) -> None:
    """Write the rows of runs as `add_run` would, many at a time; the row of run i is i + 1."""
    for first in range(start, stop, PORTION):
        portion = list(workload(first, min(first + PORTION, stop)))
        tags = [row for place, run in enumerate(portion, first + 1) for row in tag_rows(place, run.tags)]
        with storage.database.write() as conn:
            conn.execute(insert(runs), [run_row(run, datetime.now(UTC)) for run in portion])
            conn.execute(insert(run_tags), tags)


def milliseconds(question: Question, storage: RunStorage) -> float:
    began = time.perf_counter()
    question(storage)
    return (time.perf_counter() - began) * 1000


def ask(storage: RunStorage, questions: Mapping[str, Question], rounds: int) -> Mapping[str, float]:
    figures: dict[str, list[float]] = {name: [] for name in questions}
    for _ in range(rounds + 1):
        for name, question in questions.items():
            figures[name].append(milliseconds(question, storage))
    return {name: statistics.median(each[1:]) for name, each in figures.items()}


@contextmanager
def opened(database: str) -> Iterator[tuple[SqlRunStorage, Callable[[], object]]]:
    """Give an empty storage, and what brings its database to rest after much was loaded."""
    if database == "postgres":
        import psycopg

        from runrack.testing.postgres import own_postgres_server
        from runrack_postgres import PostgresRunStorage

        with (
            own_postgres_server() as server,
            server.database() as url,
            psycopg.connect(url, autocommit=True) as vacuum,
        ):
            yield PostgresRunStorage(url), lambda: vacuum.execute("VACUUM ANALYZE")
    else:
        from runrack_sqlite import SqliteRunStorage

        with tempfile.TemporaryDirectory() as folder:
            yield SqliteRunStorage(folder), lambda: None


def main(database: str) -> None:
    line = {"benchmark": "runs", "database": database}
    figures: dict[str, list[float]] = {}
    with opened(database) as (storage, settle):
        began = time.perf_counter()
        add(storage, workload(0, ADDED))
        rate = ADDED / (time.perf_counter() - began)
        print(json.dumps({**line, "question": "add", "runs_per_second": round(rate)}))
        loaded = ADDED
        for size in SIZES:
            load(storage, loaded, size)
            loaded = size
            settle()
            answers = {**ask(storage, QUESTIONS, ROUNDS), **ask(storage, LONG_QUESTIONS, 3)}
            for name, figure in answers.items():
                figures.setdefault(name, []).append(figure)
        storage.dispose()
    for name, each in figures.items():
        at = {f"ms_at_{size}": round(figure, 2) for size, figure in zip(SIZES, each, strict=True)}
        print(json.dumps({**line, "question": name, **at, "growth": round(each[1] / each[0], 2)}))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "sqlite")
