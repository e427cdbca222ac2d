"""SqliteEventLogStorage: one file for each run, and an index of what concerns more than one."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from heapq import merge
from itertools import islice
from pathlib import Path
from threading import Lock

import msgspec
from sqlalchemy import Connection, func, select, update
from typing_extensions import override

from runrack.errors import StorageError
from runrack.host.configurable import ConfigurableClassData
from runrack.interfaces.event_log import EventLog, EventQuery, event_query
from runrack.interfaces.storage_check import Finding
from runrack.records.cursor import RunShardedEventsCursor
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_filter import EventRecordsFilter
from runrack.records.event_type import ASSET_TYPES, STATUS_AFTER
from runrack_sql.dialect import Dialect
from runrack_sql.event_log_storage import SqlEventLogStorage
from runrack_sql.event_query import select_events
from runrack_sql.event_row import event_record
from runrack_sql.event_writer import EncodedEntry, EventWriter
from runrack_sql.retry import repeatable
from runrack_sql.schema import event_ids, events
from runrack_sql.statement import AnyRow
from runrack_sqlite.call_gate import CallGate
from runrack_sqlite.database import Synchronous
from runrack_sqlite.shard_registry import ShardRegistry
from runrack_sqlite.shards import ShardDatabase, Shards
from runrack_sqlite.storage import SqliteConfigurable
from runrack_sqlite.storage_ids import StorageIds

INDEXED = ASSET_TYPES | frozenset(STATUS_AFTER)
"""The types of events that the index holds, and no shard: what is asked for over all runs."""

_NUMBERS_KEPT = 10_000
"""Of how many runs the number of the file is remembered."""

_STATUS_TYPES = sorted(event_type.value for event_type in STATUS_AFTER)


class _ShardGoneError(Exception):
    """The run was deleted since its file was looked up: look again."""


class ShardWriter(EventWriter):
    """Appends to the file of one run.

    Args:
        dialect: Of the file.
        ids: Where storage ids come from.
    """

    def __init__(self, dialect: Dialect, ids: StorageIds) -> None:
        super().__init__(dialect)
        self._ids = ids

    @override
    def take_ids(self, conn: Connection, count: int) -> int:
        return self._ids.take(count)


class IndexWriter(EventWriter):
    """Appends to the index.

    Args:
        dialect: Of the index.
        ids: Where storage ids come from.
        find_in_shards: Returns event id to record for those that the files of their runs hold.
    """

    def __init__(
        self,
        dialect: Dialect,
        ids: StorageIds,
        find_in_shards: Callable[[Connection, Sequence[EncodedEntry]], dict[str, EventLogRecord]],
    ) -> None:
        super().__init__(dialect)
        self._ids = ids
        self._find_in_shards = find_in_shards

    @override
    def take_ids(self, conn: Connection, count: int) -> int:
        first = self._ids.take(count)
        # A wipe of an asset hides what the index holds up to here.
        conn.execute(update(event_ids).values(last=first + count - 1))
        return first

    @override
    def find_stored(self, conn: Connection, encoded: Sequence[EncodedEntry]) -> dict[str, EventLogRecord]:
        return {**super().find_stored(conn, encoded), **self._find_in_shards(conn, encoded)}


class SqliteEventLogStorage(SqliteConfigurable, SqlEventLogStorage):
    """The events of each run in a file of the run's own, and an index of those that are asked for over all runs.

    A call that stores events of one run, none of them about an asset or the status of the run, changes the run's file
    alone. Any other call changes the index alone. So each is all or nothing, and nothing has to be repaired.
    """

    FILE_NAME = "index.db"

    def __init__(
        self,
        base_dir: str | Path,
        inst_data: ConfigurableClassData | None = None,
        synchronous: str = Synchronous.NORMAL,
    ) -> None:
        super().__init__(base_dir, inst_data, synchronous)
        folder = Path(base_dir).expanduser().absolute()
        self._shards = Shards(folder / "runs", Synchronous(synchronous))
        self._ids = StorageIds(folder / "storage_ids", self._find_last_id)
        dialect = self.database.dialect
        self._writer = IndexWriter(dialect, self._ids, self._find_in_shards)
        self._shard_writer = ShardWriter(dialect, self._ids)
        self._registry = ShardRegistry(dialect)
        self._numbers: dict[str, int] = {}
        self._gate = CallGate()
        self._sweeping = Lock()
        self._is_swept = False

    @override
    @repeatable
    def store_events(
        self, entries: Sequence[EventLogEntry], *, late_event_ids: Collection[str] = ()
    ) -> Sequence[EventLogRecord]:
        if not entries:
            return []
        encoded = [EncodedEntry(entry, is_late=entry.event_id in late_event_ids) for entry in entries]
        is_for_index = len({entry.run_id for entry in entries}) > 1 or any(
            entry.event_type in INDEXED for entry in entries
        )
        store = self._store_in_index if is_for_index else self._store_in_shard
        with self._gate.entered():
            self._sweep()
            while True:
                with suppress(_ShardGoneError):
                    return store(encoded)

    @override
    @repeatable
    def query_events(self, query: EventQuery) -> Sequence[EventLogRecord]:
        if query.limit == 0:
            return []
        with self._gate.entered():
            self._sweep()
            rows = self._select_all(query)
        return [event_record(row.id, row.body, row.run_id, late=bool(row.late)) for row in rows]

    @override
    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        cursor = event_records_filter.after_cursor
        if not isinstance(cursor, RunShardedEventsCursor):
            return super().get_event_records(event_records_filter, limit, ascending)
        query = event_query(
            msgspec.structs.replace(event_records_filter, after_cursor=None), limit, ascending=ascending
        )
        found = [
            self.query_events(msgspec.structs.replace(query, run_id=run_id))
            for run_id in self._runs_updated_after(cursor.run_updated_after.timestamp())
        ]
        in_order = merge(*found, key=lambda record: record.storage_id, reverse=not ascending)
        return list(islice(in_order, limit))

    @override
    def get_maximum_record_id(self) -> int | None:
        return EventLog.get_maximum_record_id(self)

    @override
    @repeatable
    def delete_events(self, run_id: str) -> None:
        with self._gate.entered():
            self._sweep()
            with self._index_section() as conn:
                number = self._registry.find(conn, run_id)
                self.remove_run(conn, run_id)
                self._registry.drop(conn, run_id)
            if number is not None:
                self._shards.remove_all([number])

    @override
    @repeatable
    def wipe(self) -> None:
        with self._gate.entered():
            self._sweep()
            with self._index_section() as conn:
                numbers = self._registry.list(conn)
                self.clear(conn)
                self._registry.drop_all(conn)
            self._shards.remove_all(numbers)

    @override
    def check(self) -> Sequence[Finding]:
        of_index = super().check()
        if not self.get_schema_status().is_usable:
            return of_index
        with self._gate.entered():
            self._sweep()
            with self.database.read() as conn:
                runs = self._registry.list(conn)
            return [*of_index, self._shards.check(runs)]

    @override
    def dispose(self) -> None:
        super().dispose()
        self._shards.dispose()
        self._ids.close()

    @contextmanager
    def _index_section(self) -> Iterator[Connection]:
        """Give a transaction of the index in which ids can be taken, and no shard is written."""
        with self._ids.section_around(self.database.write()) as conn:
            yield conn

    def _store_in_index(self, encoded: Sequence[EncodedEntry]) -> Sequence[EventLogRecord]:
        with self._index_section() as conn:
            return self.append(conn, encoded)

    def _store_in_shard(self, encoded: Sequence[EncodedEntry]) -> Sequence[EventLogRecord]:
        run_id = encoded[0].entry.run_id
        number = self._number(run_id)
        with self._shard(number, run_id) as shard:
            shard.create()
            with self._ids.section_around(shard.write()) as conn:
                stored = self._find_indexed(number, encoded)
                new = [item for item in encoded if item.entry.event_id not in stored]
                records = self._shard_writer.append(conn, new)[0] if new else []
        stored.update({record.event_log_entry.event_id: record for record in records})
        return [stored[item.entry.event_id] for item in encoded]

    def _number(self, run_id: str) -> int:
        """Return the number of the run's file as far as is known; `_find_indexed` tells whether that is still so."""
        number = self._numbers.get(run_id)
        if number is None:
            with self.database.write() as conn:
                number = self._registry.add(conn, run_id)
                self._shards.make(number, run_id)
            if len(self._numbers) >= _NUMBERS_KEPT:
                self._numbers.clear()
            self._numbers[run_id] = number
        return number

    def _find_indexed(self, number: int, encoded: Sequence[EncodedEntry]) -> dict[str, EventLogRecord]:
        """Return event id to record for those of a run's entries that the index holds."""
        run_id = encoded[0].entry.run_id
        with self.database.read() as conn:
            self._require_row(conn, number, run_id)
            return self._writer.find(conn, {item.entry.event_id for item in encoded})

    def _select_all(self, query: EventQuery) -> Sequence[AnyRow]:
        while True:
            with suppress(_ShardGoneError):
                return self._select(query)

    def _select(self, query: EventQuery) -> Sequence[AnyRow]:
        # What becomes visible while the files are read one after the other is left for the next reader.
        visible = self._ids.visible() + 1
        before_id = visible if query.before_id is None else min(visible, query.before_id)
        needed = None if query.limit is None else query.limit + query.offset
        bounded = msgspec.structs.replace(query, before_id=before_id, offset=0, limit=needed)
        with self.database.read() as conn:
            rows: Iterable[AnyRow] = select_events(conn, bounded)
            shards = self._shards_of(conn, query)
        for number, run_id in shards.items():
            of_run = self._select_in_shard(number, run_id, bounded)
            in_order = merge(rows, of_run, key=lambda row: row.id, reverse=not query.ascending)
            rows = list(islice(in_order, needed))
        return list(islice(rows, query.offset, None))

    def _select_in_shard(self, number: int, run_id: str, query: EventQuery) -> Sequence[AnyRow]:
        with self._shard(number, run_id) as shard:
            if shard.is_written():
                with shard.read() as conn:
                    return select_events(conn, msgspec.structs.replace(query, run_id=run_id))
        with self.database.read() as conn:
            self._require_row(conn, number, run_id)
        return []  # whoever was to write the file for the first time has not come to it

    @contextmanager
    def _shard(self, number: int, run_id: str) -> Iterator[ShardDatabase]:
        """Give the file of a run; what fails within because the run was deleted meanwhile is a `_ShardGoneError`."""
        try:
            with self._shards.use(number, run_id) as shard:
                yield shard
        except StorageError:
            with self.database.read() as conn:
                self._require_row(conn, number, run_id)
            raise

    def _require_row(self, conn: Connection, number: int, run_id: str) -> None:
        """Make sure that a run still has the file with this number."""
        if self._registry.find(conn, run_id) != number:
            self._numbers.pop(run_id, None)
            raise _ShardGoneError

    def _find_in_shards(
        self, index: Connection, encoded: Sequence[EncodedEntry]
    ) -> dict[str, EventLogRecord]:
        found: dict[str, EventLogRecord] = {}
        for run_id in {item.entry.run_id for item in encoded}:
            number = self._registry.find(index, run_id)
            if number is None:
                continue
            of_run = {item.entry.event_id for item in encoded if item.entry.run_id == run_id}
            with self._shards.use(number, run_id) as shard:
                if shard.is_written():
                    with shard.read() as conn:
                        found.update(self._shard_writer.find(conn, of_run))
        return found

    def _runs_updated_after(self, timestamp: float) -> Sequence[str]:
        """Return the runs that changed their status after a moment."""
        statement = select(events.c.run_id).where(
            events.c.event_type.in_(_STATUS_TYPES), events.c.timestamp > timestamp
        )
        with self.database.read() as conn:
            return conn.execute(statement.distinct()).scalars().all()

    def _find_last_id(self) -> int:
        """Return the highest storage id in any file."""
        newest = select(func.max(events.c.id))
        last: int
        with self.database.read() as conn:
            last = max(
                conn.execute(newest).scalar() or 0, conn.execute(select(event_ids.c.last)).scalar_one()
            )
            shards = self._registry.list(conn)
        for number, run_id in shards.items():
            with suppress(_ShardGoneError), self._shard(number, run_id) as shard:
                if shard.is_written():
                    with shard.read() as conn:
                        last = max(last, conn.execute(newest).scalar() or 0)
        return last

    def _sweep(self) -> None:
        """Make the registry, once, and remove files of deleted runs whose deleters were killed before they did."""
        if self._is_swept:
            return
        with self._sweeping:
            if self._is_swept:
                return
            # Files first, rows after: a file without a row is then one that had one.
            found = self._shards.numbers()
            with self.database.write() as conn:
                self._registry.create(conn)
                # Within the transaction: a number that was taken back with it may be given again after it.
                self._shards.remove_all(found - self._registry.list(conn).keys())
            self._is_swept = True

    def _shards_of(self, conn: Connection, query: EventQuery) -> Mapping[int, str]:
        """Return number to run id of the files that may hold what is asked for."""
        if query.asset_key is not None or (query.event_types and query.event_types <= INDEXED):
            return {}
        if query.run_id is None:
            return self._registry.list(conn)
        number = self._registry.find(conn, query.run_id)
        return {} if number is None else {number: query.run_id}
