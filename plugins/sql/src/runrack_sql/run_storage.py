"""SqlRunStorage: keeps runs in a database."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from typing_extensions import override

from runrack.errors import (
    InvalidArgumentError,
    RunAlreadyExistsError,
    RunNotFoundError,
    SnapshotNotFoundError,
    StorageOutcomeUnknownError,
)
from runrack.interfaces.run_storage import RUN_ORDERS, RunStorage
from runrack.records.asset import check_tags
from runrack.records.event import Event
from runrack.records.run import Run, RunRecord
from runrack.records.runs_filter import RunsFilter
from runrack.records.tags import PRIORITY
from runrack_sql.bookkeeping import SqlBookkeeping
from runrack_sql.database import Database
from runrack_sql.limit import check_limit, chunks
from runrack_sql.moment import now, to_microseconds
from runrack_sql.retry import repeatable, repeatable_if_undone
from runrack_sql.run_claims import SqlRunClaims
from runrack_sql.run_row import run_record, run_row, tag_rows, turn
from runrack_sql.run_selection import select_runs
from runrack_sql.run_transition import RunTransitions
from runrack_sql.schema import heartbeats, run_tags, runs, snapshots
from runrack_sql.statement import Query
from runrack_sql.text_key import starts_with

_ORDERS = {
    "id": runs.c.id,
    "create_timestamp": runs.c.created_us,
    "update_timestamp": runs.c.updated_us,
    **{name: runs.c[name] for name in ("run_id", "job_name", "status", "start_time", "end_time")},
}


class SqlRunStorage(SqlRunClaims, SqlBookkeeping, RunStorage):
    """Keeps runs in a database: the run as JSON, what changes and what is searched in columns and rows of its own."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.transitions = RunTransitions(database.dialect)

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
        check_limit(limit)
        if order_by is not None and order_by not in _ORDERS:
            raise InvalidArgumentError(f"runs are ordered by one of {', '.join(RUN_ORDERS)}")
        statement = self._page(runs.columns, filters, limit, cursor, order_by, ascending=ascending)
        with self.database.read() as conn:
            rows = conn.execute(statement).all()
            tags = _read_tags(conn, [row.id for row in rows])
        return [run_record(row, tags[row.id]) for row in rows]

    @override
    @repeatable
    def get_run_ids(
        self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None
    ) -> Sequence[str]:
        check_limit(limit)
        statement = self._page([runs.c.run_id], filters, limit, cursor)
        with self.database.read() as conn:
            return conn.execute(statement).scalars().all()

    @override
    @repeatable
    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        statement, _ = select_runs([func.count()], filters or RunsFilter())
        with self.database.read() as conn:
            count: int = conn.execute(statement).scalar_one()
        return count

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
        tag = run_tags.c
        statement = select(tag.key, tag.value_head, tag.value).distinct()
        if tag_keys is not None:
            statement = statement.where(tag.key.in_(tag_keys))
        if value_prefix:
            statement = statement.where(starts_with(tag.value_head, tag.value, value_prefix))
        found: dict[str, set[str]] = defaultdict(set)
        with self.database.read() as conn:
            ordered = statement.order_by(tag.key, tag.value_head, tag.value).limit(limit)
            for key, _, value in conn.execute(ordered):
                found[key].add(value)
        return list(found.items())

    @override
    @repeatable
    def get_run_tag_keys(self) -> Sequence[str]:
        keys: list[str] = []
        with self.database.read() as conn:
            # One step in the index for each key, however many runs carry it.
            key = conn.execute(select(func.min(run_tags.c.key))).scalar()
            while key is not None:
                keys.append(key)
                key = conn.execute(select(func.min(run_tags.c.key)).where(run_tags.c.key > key)).scalar()
        return keys

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

    def _page(
        self,
        columns: Iterable[ColumnElement[Any]],
        filters: RunsFilter | None,
        limit: int | None,
        cursor: str | None,
        order_by: str | None = None,
        *,
        ascending: bool = False,
    ) -> Query:
        statement, row = select_runs(columns, filters or RunsFilter())
        order = [row] if order_by in {None, "id"} else [_ORDERS[str(order_by)], row]
        if cursor:
            # An unknown id makes the bound null, which no row satisfies.
            bound = select(runs.c.id).where(runs.c.run_id == cursor).scalar_subquery()
            statement = statement.where(row > bound if ascending else row < bound)
        ordered = [self.database.dialect.ordered(column, ascending=ascending) for column in order]
        return statement.order_by(*ordered).limit(limit)


def _read_tags(conn: Connection, row_ids: Sequence[int]) -> Mapping[int, dict[str, str]]:
    """Return row of a run to its tags: one query for a page of runs."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for portion in chunks(row_ids):
        statement = select(run_tags.c.run_row, run_tags.c.key, run_tags.c.value)
        for row_id, key, value in conn.execute(statement.where(run_tags.c.run_row.in_(portion))):
            found[row_id][key] = value
    return found
