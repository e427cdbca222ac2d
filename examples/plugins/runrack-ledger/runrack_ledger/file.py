"""LedgerFile: one SQLite file that threads and processes share."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from runrack.errors import StorageUnavailableError

PATIENCE_SECONDS = 30.0
"""How long a call waits for those that write at the same time."""

SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS states (
    id INTEGER PRIMARY KEY,
    selector_id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS ticks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- the id of a purged tick is not given out again
    selector_id TEXT NOT NULL,
    timestamp REAL NOT NULL,
    status TEXT NOT NULL,
    body TEXT NOT NULL,
    key TEXT UNIQUE,  -- of a claimed tick; any number of ticks have none
    owner TEXT,
    expires REAL  -- seconds since 1970; only while somebody holds the tick, or has let its lease run out
);
CREATE INDEX IF NOT EXISTS ticks_by_time ON ticks (selector_id, timestamp, id);
CREATE INDEX IF NOT EXISTS ticks_by_lease ON ticks (expires) WHERE expires IS NOT NULL;
COMMIT;
"""


class LedgerFile:
    """One SQLite file, opened for each call: nothing is shared between threads or inherited by a forked process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.reading() as conn:
            conn.executescript(SCHEMA)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection on which each statement sees what was committed before it.

        Raises:
            StorageUnavailableError: The file is locked for too long, or cannot be read or written.
        """
        try:
            with closing(sqlite3.connect(self.path, PATIENCE_SECONDS, isolation_level=None)) as conn:
                yield conn
        except sqlite3.OperationalError as error:
            raise StorageUnavailableError(f"{self.path} cannot be used just now: {error}") from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection in a transaction that nobody else writes beside; an error undoes all of it."""
        with self.reading() as conn:
            conn.execute("BEGIN IMMEDIATE")
            yield conn
            conn.execute("COMMIT")
