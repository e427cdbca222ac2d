"""SqliteEventLogStorage: one file for each run, and an index that knows the order of all."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select
from typing_extensions import override

from runrack.host.configurable import ConfigurableClassData
from runrack.interfaces.event_log import EventQuery
from runrack.records.event import EventLogRecord
from runrack.records.event_type import ASSET_TYPES, STATUS_AFTER
from runrack_sql.dialect import Dialect
from runrack_sql.event_log_storage import SqlEventLogStorage
from runrack_sql.event_query import select_events
from runrack_sql.event_row import event_record
from runrack_sql.event_writer import EventWriter
from runrack_sql.retry import repeatable
from runrack_sql.schema import events
from runrack_sqlite.database import Synchronous
from runrack_sqlite.shards import Shards
from runrack_sqlite.storage import SqliteConfigurable

_MIRRORED = frozenset(event_type.value for event_type in (*ASSET_TYPES, *STATUS_AFTER))
"""The types whose entries the index holds as well: what is asked for over all runs."""

_ELSEWHERE = ""
"""The body of a row whose entry only the shard holds."""


class ShardedEventWriter(EventWriter):
    """Writes each entry to the shard of its run before the index can name it.

    Args:
        dialect: Of the index.
        shards: Where the entries go.
    """

    def __init__(self, dialect: Dialect, shards: Shards) -> None:
        super().__init__(dialect)
        self._shards = shards

    @override
    def insert_rows(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        bodies: dict[str, dict[int, str]] = defaultdict(dict)
        for row in rows:
            bodies[row["run_id"]][row["id"]] = row["body"]
        for run_id, of_run in bodies.items():
            self._shards.store(run_id, of_run)
        super().insert_rows(conn, [_indexed(row) for row in rows])

    @override
    def read_body(self, storage_id: int, run_id: str, body: str) -> str:
        return body or self._shards.read(run_id, [storage_id]).get(storage_id, _ELSEWHERE)


class SqliteEventLogStorage(SqliteConfigurable, SqlEventLogStorage):
    """The events of each run in a file of the run's own, and an index over all."""

    FILE_NAME = "index.db"

    def __init__(
        self,
        base_dir: str | Path,
        inst_data: ConfigurableClassData | None = None,
        synchronous: str = Synchronous.NORMAL,
    ) -> None:
        super().__init__(base_dir, inst_data, synchronous)
        self._shards = Shards(Path(base_dir).expanduser().absolute() / "runs")
        self._writer = ShardedEventWriter(self.database.dialect, self._shards)

    @override
    @repeatable
    def query_events(self, query: EventQuery) -> Sequence[EventLogRecord]:
        rows = self._select(query)
        while missing := _missing(rows):
            # The run was deleted between the two files, which another look tells; else the entry is damaged.
            rows = self._select(query)
            if missing & _missing(rows):
                break
        return [
            event_record(storage_id, body, run_id, late=bool(late)) for storage_id, run_id, late, body in rows
        ]

    @override
    @repeatable
    def delete_events(self, run_id: str) -> None:
        super().delete_events(run_id)
        # Only now: had the file gone first, a crash would leave rows without entries. Who stored meanwhile keeps it.
        with self.database.write() as conn:
            if conn.execute(select(events.c.id).where(events.c.run_id == run_id).limit(1)).first() is None:
                self._shards.remove(run_id)

    @override
    @repeatable
    def wipe(self) -> None:
        super().wipe()
        with self.database.write() as conn:
            kept = conn.execute(select(events.c.run_id).distinct()).scalars().all()
            self._shards.remove_all(keep=kept)

    def _select(self, query: EventQuery) -> Sequence[tuple[int, str, bool, str]]:
        """Return id, run id, whether it is late, and entry of the rows that `query` selects."""
        with self.database.read() as conn:
            rows = select_events(conn, query)
            wanted: dict[str, list[int]] = defaultdict(list)
            for row in rows:
                if row.body == _ELSEWHERE:
                    wanted[row.run_id].append(row.id)
            found: dict[int, str] = {}
            for run_id, storage_ids in wanted.items():
                found.update(self._shards.read(run_id, storage_ids))
        return [(row.id, row.run_id, row.late, row.body or found.get(row.id, _ELSEWHERE)) for row in rows]


def _missing(rows: Iterable[tuple[int, str, bool, str]]) -> set[int]:
    return {storage_id for storage_id, *_, body in rows if body == _ELSEWHERE}


def _indexed(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return row if row["event_type"] in _MIRRORED else {**row, "body": _ELSEWHERE}
