"""Shards: the entries of each run in an SQLite file of the run's own, of which none stays open between calls."""

import fcntl
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from runrack.records.safe_name import to_safe_name
from runrack_sql.limit import chunks
from runrack_sqlite.dialect import SqliteDialect
from runrack_sqlite.filesystem import PRIVATE_FILE, make_private_file, make_private_folder

_BUSY_TIMEOUT_SECONDS = 30.0
_GATE = "removal.lock"

_CREATE = "CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, body TEXT NOT NULL)"
_STORE = "INSERT OR REPLACE INTO entries VALUES (?, ?)"


class Shards:
    """Storage id to encoded entry, in one file for each run and one for what belongs to no run.

    An index says which ids count. It calls what changes a shard while it keeps all other writers waiting, so that
    a shard has one writer at a time. The files have no write-ahead log: one may be opened, closed and removed at
    any moment, and whatever their number, only those in use take file descriptors.

    Args:
        folder: Where the files lie, and no others.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, run_id: str) -> Path:
        """Return the file of a run, whether it exists or not; "" means no run."""
        return self._folder / f"{to_safe_name(run_id)}.db"

    def store(self, run_id: str, bodies: Mapping[int, str]) -> None:
        """Store the entries, all or none; when it returns, the disk has them.

        An id that is there already is what a writer left behind who died before the index knew it: it is replaced.
        """
        path = self.path(run_id)
        make_private_folder(path.parent)
        make_private_file(path)
        with _opened(path) as shard, shard:
            shard.execute("BEGIN IMMEDIATE")
            shard.execute(_CREATE)
            shard.executemany(_STORE, bodies.items())

    def read(self, run_id: str, storage_ids: Collection[int]) -> dict[int, str]:
        """Return the entries with these ids, without those that are not there."""
        path = self.path(run_id)
        found: dict[int, str] = {}
        with self._gate(fcntl.LOCK_SH):
            if not path.exists():
                return found
            with _opened(path) as shard:
                if shard.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
                    return found  # a writer has made the file just now
                for portion in chunks(storage_ids):
                    places = ",".join("?" * len(portion))
                    query = f"SELECT id, body FROM entries WHERE id IN ({places})"  # noqa: S608 - only question marks
                    found.update(shard.execute(query, portion))
        return found

    def remove(self, run_id: str) -> None:
        """Remove the file of a run, if there is one."""
        if not self.path(run_id).exists():
            return
        with self._gate(fcntl.LOCK_EX):
            _remove(self.path(run_id))

    def remove_all(self, keep: Collection[str]) -> None:
        """Remove all files but those of the runs `keep`."""
        kept = {self.path(run_id) for run_id in keep}
        with self._gate(fcntl.LOCK_EX):
            for path in set(self._folder.glob("*.db")) - kept:
                _remove(path)

    @contextmanager
    def _gate(self, operation: int) -> Iterator[None]:
        """Keep readers (`LOCK_SH`) and who removes files (`LOCK_EX`) apart.

        A reader of a file that was removed would take the journal of a new one of the same name for its own.
        """
        make_private_folder(self._folder)
        gate = os.open(self._folder / _GATE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(gate, operation)
            yield
        finally:
            os.close(gate)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a file that exists; what SQLite raises is told as an error of this file."""
    try:
        with closing(
            sqlite3.connect(
                f"file:{quote(str(path))}?mode=rw",
                uri=True,
                timeout=_BUSY_TIMEOUT_SECONDS,
                isolation_level=None,
            )
        ) as shard:
            # Whatever the library was built with: the disk must have an entry before the index may name it.
            shard.execute("PRAGMA synchronous=FULL")
            yield shard
    except sqlite3.Error as error:
        raise SqliteDialect(path).translate(error) or error from error


def _remove(path: Path) -> None:
    # The file first: beside an empty new file, SQLite throws an old journal away; alone, the file may be half changed.
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
