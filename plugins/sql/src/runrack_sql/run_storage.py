"""SqlRunStorage: keeps runs in a database."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from typing_extensions import override

from runrack.errors import (
    RunAlreadyExistsError,
    RunNotFoundError,
    SnapshotNotFoundError,
    StorageOutcomeUnknownError,
)
from runrack.interfaces.run_storage import RunStorage
from runrack.records.asset import check_tags
from runrack.records.event import Event
from runrack.records.run import Run, RunRecord
from runrack.records.runs_filter import RunsFilter
from runrack.records.tags import PRIORITY
from runrack_sql.bookkeeping import SqlBookkeeping
from runrack_sql.database import Database
from runrack_sql.limit import check_limit
from runrack_sql.moment import now, to_microseconds
from runrack_sql.prepared import Prepared
from runrack_sql.retry import repeatable, repeatable_if_undone
from runrack_sql.run_claims import SqlRunClaims
from runrack_sql.run_page import RunPage
from runrack_sql.run_queue import SqlRunQueue
from runrack_sql.run_row import RunRow, read_tags, run_record, run_row, tag_rows, turn
from runrack_sql.run_selection import count_runs, parts_of, rarest_tag_first
from runrack_sql.run_tag_index import iter_tag_keys, iter_tags
from runrack_sql.run_transition import RunTransitions
from runrack_sql.schema import heartbeats, run_tags, runs, snapshots

_run_with_id = select(*(runs.c[name] for name in RunRow._fields)).where(runs.c.run_id == bindparam("of_run"))
_tags_of_row = select(run_tags.c.key, run_tags.c.value).where(run_tags.c.run_row == bindparam("of_row"))


class SqlRunStorage(SqlRunClaims, SqlRunQueue, SqlBookkeeping, RunStorage):
    """Keeps runs in a database: the run as JSON, what changes and what is searched in columns and rows of its own."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.transitions = RunTransitions(database.dialect)
        self._find_run = Prepared(_run_with_id, database.dialect)
        self._find_tags = Prepared(_tags_of_row, database.dialect)

    @override
    def add_run(self, run: Run, *, create_time: datetime | None = None) -> Run:
        row = run_row(run, create_time or now())
        try:
            self._add_row(run, row)
        except StorageOutcomeUnknownError:
            self._add_row_again(run, row)
        return run

    @override
    @repeatable
    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
    ) -> Sequence[RunRecord]:
        order = "id" if order_by is None else order_by
        page = RunPage(filters or RunsFilter(), limit, order, ascending, cursor)
        with self.database.read() as conn:
            rows = page.read(conn, self.database.dialect)
            tags = read_tags(conn, [row.id for row in rows])
        return [run_record(row, tags[row.id]) for row in rows]

    @override
    @repeatable
    def get_run_record_by_id(self, run_id: str) -> RunRecord | None:
        with self.database.read() as conn:
            found = self._find_run.run(conn, {"of_run": run_id}).fetchone()
            if found is None:
                return None
            row = RunRow._make(found)
            tags = dict(self._find_tags.run(conn, {"of_row": row.id}).fetchall())
        return run_record(row, tags)

    @override
    @repeatable
    def get_run_ids(
        self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None
    ) -> Sequence[str]:
        page = RunPage(filters or RunsFilter(), limit, cursor=cursor)
        with self.database.read() as conn:
            rows = page.read(conn, self.database.dialect, (runs.c.id, runs.c.run_id))
        return [row.run_id for row in rows]

    @override
    @repeatable
    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        with self.database.read() as conn:
            rarest = rarest_tag_first(conn, filters or RunsFilter())
            return sum(conn.execute(count_runs(part)).scalar_one() for part in parts_of(rarest))

    @override
    @repeatable_if_undone
    def handle_run_event(
        self, run_id: str, event: Event, *, update_timestamp: datetime | None = None, epoch: int | None = None
    ) -> bool:
        if not event.is_run_event:
            return False
        with self.database.write() as conn:
            return self.transitions.apply(conn, run_id, event, update_timestamp or now(), epoch)

    @override
    @repeatable
    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        added = check_tags(new_tags)
        changes = {"updated_us": to_microseconds(now())}
        if PRIORITY in added:
            changes["turn"] = turn(added)
        with self.database.write() as conn:
            touch = update(runs).where(runs.c.run_id == run_id).values(changes)
            if conn.execute(touch).rowcount == 0:
                raise RunNotFoundError(run_id)
            if added:
                row_id = conn.execute(select(runs.c.id).where(runs.c.run_id == run_id)).scalar_one()
                statement = self.database.dialect.replace(run_tags, ["run_row", "key"])
                conn.execute(statement, tag_rows(row_id, added))

    @override
    @repeatable
    def get_run_tags(
        self,
        tag_keys: Collection[str] | None = None,
        value_prefix: str | None = None,
        limit: int | None = None,
    ) -> Sequence[tuple[str, set[str]]]:
        check_limit(limit)
        found: dict[str, set[str]] = defaultdict(set)
        with self.database.read() as conn:
            for key, value in islice(iter_tags(conn, tag_keys, value_prefix or ""), limit):
                found[key].add(value)
        return list(found.items())

    @override
    @repeatable
    def get_run_tag_keys(self) -> Sequence[str]:
        with self.database.read() as conn:
            return list(iter_tag_keys(conn))

    @override
    @repeatable
    def delete_run(self, run_id: str) -> None:
        with self.database.write() as conn:
            self.remove_run(conn, run_id)

    def remove_run(self, conn: Connection, run_id: str) -> None:
        """As `delete_run`, inside the transaction of `conn`."""
        row = select(runs.c.id).where(runs.c.run_id == run_id).scalar_subquery()
        conn.execute(delete(run_tags).where(run_tags.c.run_row == row))
        conn.execute(delete(runs).where(runs.c.run_id == run_id))

    @override
    @repeatable
    def wipe(self) -> None:
        with self.database.write() as conn:
            for table in (run_tags, runs, snapshots, heartbeats):
                conn.execute(delete(table))

    @repeatable_if_undone
    def _add_row(self, run: Run, row: Mapping[str, Any]) -> None:
        with self.database.write() as conn:
            if run.job_snapshot_id is not None and not self._has_snapshot(conn, run.job_snapshot_id):
                raise SnapshotNotFoundError(run.job_snapshot_id)
            try:
                added = conn.execute(insert(runs), row).inserted_primary_key
            except IntegrityError as error:
                raise RunAlreadyExistsError(run.run_id) from error
            if run.tags and added is not None:
                conn.execute(insert(run_tags), tag_rows(added[0], run.tags))

    @repeatable
    def _add_row_again(self, run: Run, row: Mapping[str, Any]) -> None:
        """Add the row of a run unless an earlier call, whose outcome is unknown, has added it."""
        try:
            self._add_row(run, row)
        except RunAlreadyExistsError:
            if not self._is_stored(row):
                raise

    def _is_stored(self, row: Mapping[str, Any]) -> bool:
        same = (runs.c[name] == row[name] for name in ("run_id", "created_us", "body"))
        with self.database.read() as conn:
            return conn.execute(select(runs.c.id).where(*same)).first() is not None
