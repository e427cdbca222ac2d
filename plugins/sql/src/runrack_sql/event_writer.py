"""EventWriter: appends to the log. Every event of every run passes here."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, insert, select, update

from runrack.records.event import EventLogEntry, EventLogRecord
from runrack_sql.dialect import Dialect
from runrack_sql.event_row import event_record, event_row
from runrack_sql.limit import chunks
from runrack_sql.prepared import Prepared
from runrack_sql.schema import event_ids, events
from runrack_sql.statement import Query

_LOOKUPS = 100
"""How many events of a batch are looked up in one query."""


def hold_log(conn: Connection) -> None:
    """Keep all who store events waiting until the transaction ends.

    For who changes what follows from the log: an event that is stored meanwhile would be missing in what was read.
    """
    conn.execute(select(event_ids.c.last).with_for_update())


class EncodedEntry:
    """An entry with its row, made before the transaction begins so that nobody waits for it.

    Attributes:
        entry: The entry.
        row: Its row, but for its id and whether it is late.
        epoch: The claim on its run of whoever stores it, where that is known.
    """

    def __init__(self, entry: EventLogEntry, epoch: int | None = None) -> None:
        self.entry = entry
        self.row = event_row(entry)
        self.epoch = epoch


class EventWriter:
    """Appends entries to the log, each event id once, with storage ids that become visible in their order."""

    def __init__(self, dialect: Dialect) -> None:
        # The update comes first: it locks the row, so that the next writer reads the number after our commit.
        self._advance = Prepared(
            update(event_ids).values(last=event_ids.c.last + bindparam("count")), dialect
        )
        self._last = Prepared(dialect.announce(select(event_ids.c.last)), dialect)
        self._find_one = Prepared(_find(1), dialect)
        self._find_many = Prepared(_find(_LOOKUPS), dialect)
        self._insert = Prepared(insert(events), dialect)

    def append(
        self,
        conn: Connection,
        encoded: Sequence[EncodedEntry],
        is_late: Callable[[EncodedEntry], bool],
    ) -> tuple[Sequence[EventLogRecord], Mapping[str, EventLogRecord]]:
        """Store the entries that are not stored yet.

        Args:
            conn: In whose transaction.
            encoded: The entries.
            is_late: Asked once for each entry that is new, in their order.

        Returns:
            The records of all entries, in their order, and event id to record for those that are new.
        """
        next_id = self.take_ids(conn, len(encoded))
        known = self.find_stored(conn, encoded)
        new: dict[str, EventLogRecord] = {}
        rows: list[dict[str, Any]] = []
        for storage_id, item in enumerate(encoded, start=next_id):
            entry = item.entry
            if entry.event_id in known or entry.event_id in new:
                continue
            late = is_late(item)
            new[entry.event_id] = EventLogRecord(storage_id, entry, late)
            rows.append({**item.row, "id": storage_id, "late": late})
        self._insert.run_many(conn, rows)
        known.update(new)
        return [known[item.entry.event_id] for item in encoded], new

    def take_ids(self, conn: Connection, count: int) -> int:
        """Return the first of as many new storage ids, which no other writer sees before the transaction ends."""
        self._advance.run(conn, {"count": count})
        last: int = self._last.run(conn, {}).fetchall()[0][0]
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
        padded = [*ids, *[ids[0]] * (_LOOKUPS - len(ids))]
        return self._find_many.run(
            conn, {f"event_id_{place}": event_id for place, event_id in enumerate(padded)}
        ).fetchall()


def _find(count: int) -> Query:
    """Return the query for entries with any of `count` event ids."""
    places: list[BindParameter[str]] = [bindparam(f"event_id_{place}") for place in range(count)]
    columns = (events.c.id, events.c.event_id, events.c.run_id, events.c.late, events.c.body)
    return select(*columns).where(events.c.event_id.in_(places))
