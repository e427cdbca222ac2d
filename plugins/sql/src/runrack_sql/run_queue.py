"""SqlRunQueue: hands out the queued runs of a database under limits."""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import ColumnElement, Connection, Subquery, and_, func, or_, select, union_all
from typing_extensions import override

from runrack.interfaces.run_queue import RunQueue
from runrack.records.run import RunRecord
from runrack.records.run_claim import RunClaim, check_lease
from runrack.records.run_queue import QueueGate, QueueLimits, RunsInProgress
from runrack.records.run_status import ACTIVE, RunStatus
from runrack_sql.column_type import HEAD_LENGTH
from runrack_sql.database import Database
from runrack_sql.limit import KEYS_PER_QUERY, check_limit, chunks
from runrack_sql.moment import from_microseconds
from runrack_sql.part import SqlPart
from runrack_sql.queue_look import SLACK_US, QueueLook
from runrack_sql.retry import repeatable, repeatable_if_undone
from runrack_sql.run_claims import NOBODY, begin_epoch, read_clock, to_lease_us
from runrack_sql.run_row import read_tags, run_record
from runrack_sql.schema import cursors, run_tags, runs
from runrack_sql.statement import AnyRow, Query
from runrack_sql.text_key import head

_run = runs.c
_IS_QUEUED = _run.status == RunStatus.QUEUED.value
_IS_QUEUED_BY_ROW = func.coalesce(_run.status, "") == RunStatus.QUEUED.value
"""The same for queries that another index answers: a planner that does not count would take the one by status."""

_IS_FREE = _run.lease_expires_us.is_(None)
_TURN = "runrack queue turn"
"""The bookmark whose row is held by whoever hands out runs: two who count at once would give one place away twice."""

_PAGE = 100
"""How many candidates are looked at in one go."""

_VALUES_IN_QUERY = KEYS_PER_QUERY
"""How many full tags a query leaves out. Runs with one beyond that are read, and passed over."""


class SqlRunQueue(RunQueue, SqlPart):
    """Hands out runs by what indexes tell: how many are in progress, and which of those that wait may go."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._last_look: QueueLook | None = None

    @override
    @repeatable_if_undone
    def claim_next(
        self, owner: str, lease_seconds: float, limits: QueueLimits, limit: int = 1
    ) -> Sequence[RunClaim]:
        check_lease(owner, lease_seconds)
        check_limit(limit)
        if limit == 0 or not self._may_have_next(limits):
            return []
        with self.database.write() as conn:
            self._hold_turn(conn)
            now_us = read_clock(conn, self.database.dialect)
            _take_from_the_dead(conn, now_us)
            gate = _open_gate(conn, limits)
            rows = list(islice(_iter_next(conn, gate, limits.keys), limit))
            expires_us = now_us + to_lease_us(lease_seconds)
            begin_epoch(conn, rows, {"owner": owner, "lease_expires_us": expires_us})
        expires = from_microseconds(expires_us)
        return [RunClaim(row.run_id, row.epoch + 1, owner, expires) for row in rows]

    @override
    @repeatable
    def count_in_progress(self, tag_keys: Collection[str] = ()) -> RunsInProgress:
        with self.database.read() as conn:
            return _count_in_progress(conn, tag_keys)

    @override
    @repeatable
    def list_queued(self, limit: int = 100) -> Sequence[RunRecord]:
        check_limit(limit)
        queued: Query = select(*runs.columns).where(_IS_QUEUED).order_by(_run.turn, _run.id).limit(limit)
        with self.database.read() as conn:
            rows = conn.execute(queued).all()
            tags = read_tags(conn, [row.id for row in rows])
        return [run_record(row, tags[row.id]) for row in rows]

    def _hold_turn(self, conn: Connection) -> None:
        """Keep all others who hand out runs waiting until the transaction ends."""
        row = select(cursors.c.key).where(cursors.c.key == _TURN).with_for_update()
        if conn.execute(row).first() is None:
            missing = self.database.dialect.insert_missing(cursors, ["key"])
            conn.execute(missing, {"key": _TURN, "value": ""})
            conn.execute(row)

    def _may_have_next(self, limits: QueueLimits) -> bool:
        """Tell whether it is worth while to keep others waiting: most of the time there is nothing to hand out."""
        with self.database.read() as conn:
            now_us = read_clock(conn, self.database.dialect)
            if conn.execute(_dead(now_us).limit(1)).first() is not None:
                return True
            gate = _open_gate(conn, limits)
            return gate.has_room and self._finds_candidate(conn, gate, now_us)

    def _finds_candidate(self, conn: Connection, gate: QueueGate, now_us: int) -> bool:
        """Look for a run that may go; only among those that were changed since the last look, while that holds."""
        last = self._last_look
        if last is not None and last.holds(gate):
            changed = _recent_candidates(gate, last.began_us - SLACK_US)
            return conn.execute(changed.limit(1)).first() is not None
        began = time.monotonic()
        is_there = conn.execute(_candidates(gate).limit(1)).first() is not None
        self._last_look = None if is_there else QueueLook.of(gate, now_us, time.monotonic() - began)
        return is_there


def _dead(now_us: int) -> Query:
    """Return the query for queued runs whose lease has run out."""
    return select(_run.id).where(_run.lease_expires_us <= now_us, _IS_QUEUED)


def _take_from_the_dead(conn: Connection, now_us: int) -> None:
    """Let queued runs whose lease has run out be nobody's. One that another changes just now still counts."""
    begin_epoch(conn, conn.execute(_dead(now_us).with_for_update(skip_locked=True)).all(), NOBODY)


def _in_progress() -> Subquery:
    """Return the rows of the runs in progress. Of all queued runs, only those with a lease are looked at."""
    active = select(_run.id).where(_run.status.in_(sorted(status.value for status in ACTIVE)))
    claimed = select(_run.id).where(_run.lease_expires_us > 0, _IS_QUEUED_BY_ROW)
    return union_all(active, claimed).subquery("in_progress")


def _count_in_progress(conn: Connection, tag_keys: Collection[str]) -> RunsInProgress:
    rows = _in_progress()
    total: int = conn.execute(select(func.count()).select_from(rows)).scalar_one()
    by_tag: dict[str, dict[str, int]] = defaultdict(dict)
    for keys in chunks(tag_keys):
        tag = run_tags.c
        carried = rows.join(run_tags, and_(tag.run_row == rows.c.id, tag.key.in_(keys)))
        counted: Query = select(tag.key, tag.value, func.count()).select_from(carried)
        for key, value, count in conn.execute(counted.group_by(tag.key, tag.value)):
            by_tag[key][value] = count
    return RunsInProgress(total, by_tag)


def _open_gate(conn: Connection, limits: QueueLimits) -> QueueGate:
    """Return the gate as it stands. Nothing is counted when nothing is limited: there may be many in progress then."""
    in_progress = _count_in_progress(conn, limits.keys) if limits.is_any else RunsInProgress()
    return QueueGate(limits, in_progress)


def _iter_next(conn: Connection, gate: QueueGate, tag_keys: Collection[str]) -> Iterator[AnyRow]:
    """Yield the rows of the runs that `gate` lets go, locked, in the order of turns."""
    last: AnyRow | None = None
    while gate.has_room and (page := conn.execute(_candidates(gate, last).limit(_PAGE)).all()):
        last = page[-1]
        ids = [row.id for row in page]
        still_free = select(_run.id, _run.run_id, _run.epoch).where(_run.id.in_(ids), _IS_QUEUED, _IS_FREE)
        in_order = still_free.order_by(_run.turn, _run.id).with_for_update(skip_locked=True)
        locked = conn.execute(in_order).all()
        # Only now: the tags of a run that is not locked may still change.
        tags = read_tags(conn, ids, tag_keys) if tag_keys else {}
        for row in locked:
            if gate.admit(tags.get(row.id, {})):
                yield row


def _candidates(gate: QueueGate, after: AnyRow | None = None) -> Query:
    """Return the query for queued runs that nobody holds and no full tag keeps waiting, in the order of turns."""
    found: Query = select(_run.id, _run.turn).where(_IS_QUEUED, _IS_FREE)
    if after is not None:
        in_turn = and_(_run.turn == after.turn, _run.id > after.id)
        found = found.where(_run.turn >= after.turn, or_(_run.turn > after.turn, in_turn))
    return found.where(*_carry_nothing_full(gate)).order_by(_run.turn, _run.id)


def _recent_candidates(gate: QueueGate, since_us: int) -> Query:
    """Return the query for those of the candidates that were changed since a moment, in any order."""
    found: Query = select(_run.id).where(_run.updated_us >= since_us, _IS_QUEUED_BY_ROW, _IS_FREE)
    return found.where(*_carry_nothing_full(gate))


def _carry_nothing_full(gate: QueueGate) -> Iterator[ColumnElement[bool]]:
    keys = list(dict.fromkeys(gate.iter_full_keys()))
    if keys:
        yield ~_carries(run_tags.c.key.in_(keys[:_VALUES_IN_QUERY]))
    values: Mapping[str, list[str]] = defaultdict(list)
    for key, value in islice(gate.iter_full_tags(), _VALUES_IN_QUERY):
        values[key].append(value)
    for key, full in values.items():
        yield ~_carries(and_(run_tags.c.key == key, *_is_one_of(full)))


def _is_one_of(values: Collection[str]) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that a tag has one of these values; a head says it all of a value that is shorter."""
    yield run_tags.c.value_head.in_([head(value) for value in values])
    if any(len(value) >= HEAD_LENGTH for value in values):
        yield run_tags.c.value.in_(values)


def _carries(tag: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a run carries such a tag.

    As a count it is asked for each run, by the primary key. Of an EXISTS some planners make a join, which takes forever
    where they are mistaken about how many runs wait, as they are soon after many have come.
    """
    carried: Query = select(func.count()).where(run_tags.c.run_row == _run.id, tag)
    return carried.scalar_subquery() > 0
