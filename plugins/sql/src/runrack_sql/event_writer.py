"""EventWriter: appends to the log. Every event of every run passes here."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, bindparam, insert, select, true, update

from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_type import STATUS_AFTER, EventType
from runrack_sql.dialect import Dialect
from runrack_sql.event_row import event_record, event_row
from runrack_sql.limit import chunks
from runrack_sql.prepared import Prepared
from runrack_sql.row_insert import MOST_CHARACTERS, as_json
from runrack_sql.schema import event_ids, events
from runrack_sql.statement import Query

CATALOGUED = frozenset(
    {EventType.ASSET_MATERIALIZATION, EventType.ASSET_OBSERVATION, EventType.ASSET_MATERIALIZATION_PLANNED}
)
"""The types of events that change the state of an asset."""

_CONSEQUENTIAL = CATALOGUED | frozenset(STATUS_AFTER)
"""The types of events that change more than the log."""

_OF_LATE = {"asset_digest": None, "partition_digest": None}
"""What is different in the row of a late entry: no question about an asset finds it."""

_LOOKUPS = 100
"""How many events of a batch are looked up in one query."""

_FEW_LOOKUPS = 12
"""The same for a batch as small as what a step has to say."""


def hold_log(conn: Connection) -> None:
    """Keep all who store events waiting until the transaction ends.

    For who changes what follows from the log: an event that is stored meanwhile would be missing in what was read.
    """
    conn.execute(select(event_ids.c.last).with_for_update())


class EncodedEntry:
    """An entry with its row, made before the transaction begins so that nobody waits for it.

    Attributes:
        entry: The entry.
        row: Its row, but for its id.
        epoch: The claim on its run of whoever stores it, where that is known.
        is_late: Whether it is known to be late already.
    """

    def __init__(self, entry: EventLogEntry, epoch: int | None = None, *, is_late: bool = False) -> None:
        self.entry = entry
        self.row = event_row(entry)
        self.row |= {**_OF_LATE, "late": True} if is_late else {"late": False}
        self.epoch = epoch
        self.is_late = is_late

    @property
    def changes_log_only(self) -> bool:
        """Whether the entry is stored whatever its run is at, and nothing but the log changes then."""
        event = self.entry.event
        return self.epoch is None and (event is None or event.event_type not in _CONSEQUENTIAL)


class EventWriter:
    """Appends entries to the log, each event id once, with storage ids that become visible in their order."""

    def __init__(self, dialect: Dialect) -> None:
        # The update comes first: it locks the row, so that the next writer reads the number after our commit.
        self._dialect = dialect
        self._advance = Prepared(dialect.count_up(event_ids.c.last), dialect)
        self._last = Prepared(dialect.announce(select(event_ids.c.last)), dialect)
        at_once = dialect.append_at_once()
        self._at_once = None if at_once is None else Prepared(dialect.announce(at_once), dialect)
        self._mark_late = Prepared(
            update(events).where(events.c.id == bindparam("of_id")).values(late=true(), **_OF_LATE), dialect
        )
        self._find_one = Prepared(_find(1), dialect)
        self._find_few = Prepared(_find(_FEW_LOOKUPS), dialect)
        self._find_many = Prepared(_find(_LOOKUPS), dialect)
        self._insert = Prepared(insert(events), dialect)

    def append(
        self, conn: Connection, encoded: Sequence[EncodedEntry]
    ) -> tuple[Sequence[EventLogRecord], dict[str, EventLogRecord]]:
        """Store the entries that are not stored yet.

        Args:
            conn: In whose transaction.
            encoded: The entries.

        Returns:
            The records of all entries, in their order, and event id to record for those that are new, oldest first.
        """
        distinct = _distinct(encoded)
        append = self._append_at_first if self.can_append_at_once(distinct) else self._append_missing
        new, known = append(conn, distinct)
        return [new.get(item.entry.event_id) or known[item.entry.event_id] for item in encoded], new

    def mark_late(self, conn: Connection, records: Sequence[EventLogRecord]) -> Sequence[EventLogRecord]:
        """Note that entries, just stored, came too late for their runs, and return their records as they are now."""
        self._mark_late.run_many(conn, [{"of_id": record.storage_id} for record in records])
        return [msgspec.structs.replace(record, late=True) for record in records]

    def can_append_at_once(self, encoded: Sequence[EncodedEntry]) -> bool:
        """Tell whether one statement can store the entries."""
        return self._at_once is not None and (
            len(encoded) == 1 or sum(len(item.row["body"]) for item in encoded) <= MOST_CHARACTERS
        )

    def append_at_once(
        self, conn: Connection, encoded: Sequence[EncodedEntry]
    ) -> Sequence[EventLogRecord] | None:
        """Store those of the entries that are not stored yet by one statement, if `can_append_at_once`.

        Returns:
            The records of all entries, in their order; None when only some were new.
        """
        first, stored = self._run_at_once(conn, encoded)
        return list(_numbered(encoded, first).values()) if stored == len(encoded) else None

    def _append_at_first(
        self, conn: Connection, encoded: Sequence[EncodedEntry]
    ) -> tuple[dict[str, EventLogRecord], Mapping[str, EventLogRecord]]:
        """Store the entries by one statement, and only then look for the ones that it left out.

        Returns:
            Event id to record for those that are new, and for those that are not.
        """
        first, stored = self._run_at_once(conn, encoded)
        if stored == len(encoded):
            return _numbered(encoded, first), {}
        found = self.find_stored(conn, encoded)
        in_order = [found[item.entry.event_id] for item in encoded]
        new = {record.event_log_entry.event_id: record for record in in_order if record.storage_id >= first}
        return new, found

    def _append_missing(
        self, conn: Connection, encoded: Sequence[EncodedEntry]
    ) -> tuple[dict[str, EventLogRecord], Mapping[str, EventLogRecord]]:
        """Look for the entries, and store those that are not found; returns the same."""
        first = self.take_ids(conn, len(encoded))
        known = self.find_stored(conn, encoded)
        missing = [item for item in encoded if item.entry.event_id not in known]
        self._insert.run_many(
            conn, [{**item.row, "id": storage_id} for storage_id, item in enumerate(missing, start=first)]
        )
        return _numbered(missing, first), known

    def _run_at_once(self, conn: Connection, encoded: Sequence[EncodedEntry]) -> tuple[int, int]:
        """Return the first of the ids taken, and how many of the entries were stored."""
        if self._at_once is None:
            msg = "the database has no such statement"
            raise TypeError(msg)
        rows = [{**item.row, "id": place} for place, item in enumerate(encoded, start=1)]
        values = {"rows": as_json(rows), "count": len(rows)}
        last, stored = self._at_once.run(conn, values).fetchall()[0][:2]
        return last - len(rows) + 1, stored

    def take_ids(self, conn: Connection, count: int) -> int:
        """Return the first of as many new storage ids, which no other writer sees before the transaction ends."""
        last = self._dialect.counted(self._advance.run(conn, {"count": count}))
        if last is None:
            ((last, *_),) = self._last.run(conn, {}).fetchall()
        return last - count + 1

    def find_stored(self, conn: Connection, encoded: Sequence[EncodedEntry]) -> dict[str, EventLogRecord]:
        """Return event id to record for those entries that are stored already."""
        return self.find(conn, {item.entry.event_id for item in encoded})

    def find(self, conn: Connection, ids: Collection[str]) -> dict[str, EventLogRecord]:
        """Return event id to record for those of the events that this database holds."""
        if len(ids) == 1:
            rows = self._find_one.run(conn, {"event_id_0": next(iter(ids))}).fetchall()
        else:
            rows = [row for portion in chunks(ids, _LOOKUPS) for row in self._look_up(conn, portion)]
        return {
            event_id: event_record(storage_id, body, run_id, late=bool(late))
            for storage_id, event_id, run_id, late, body in rows
        }

    def _look_up(self, conn: Connection, ids: Sequence[str]) -> Sequence[Any]:
        is_small = len(ids) <= _FEW_LOOKUPS
        query, count = (self._find_few, _FEW_LOOKUPS) if is_small else (self._find_many, _LOOKUPS)
        padded = [*ids, *[ids[0]] * (count - len(ids))]
        return query.run(
            conn, {f"event_id_{place}": event_id for place, event_id in enumerate(padded)}
        ).fetchall()


def _distinct(encoded: Sequence[EncodedEntry]) -> Sequence[EncodedEntry]:
    """Return the first entry with each event id."""
    if len(encoded) == 1:
        return encoded
    distinct: dict[str, EncodedEntry] = {}
    for item in encoded:
        distinct.setdefault(item.entry.event_id, item)
    return list(distinct.values())


def _numbered(encoded: Sequence[EncodedEntry], first: int) -> dict[str, EventLogRecord]:
    """Return event id to record for entries that were stored with successive ids."""
    return {
        item.entry.event_id: EventLogRecord(storage_id, item.entry, item.is_late)
        for storage_id, item in enumerate(encoded, start=first)
    }


def _find(count: int) -> Query:
    """Return the query for entries with any of `count` event ids."""
    places: list[BindParameter[str]] = [bindparam(f"event_id_{place}") for place in range(count)]
    columns = (events.c.id, events.c.event_id, events.c.run_id, events.c.late, events.c.body)
    return select(*columns).where(events.c.event_id.in_(places))
