"""Shards: the entries of each run in an SQLite file of the run's own, of which only those in use are open."""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from sqlalchemy import inspect
from sqlalchemy.schema import CreateTable
from typing_extensions import override

from runrack.errors import StorageCorruptError
from runrack.interfaces.storage_check import Finding, Severity
from runrack.records.safe_name import to_safe_name
from runrack_sql.schema import events
from runrack_sqlite.database import SqliteDatabase, Synchronous
from runrack_sqlite.filesystem import make_private_file, make_private_folder

_KEPT_OPEN = 8
"""How many shards stay open for the next call. Each takes up to five file descriptors."""

_SUBJECT = "files of runs"
_NAMES_SHOWN = 10


class ShardDatabase(SqliteDatabase):
    """The file of one run: a table of events as that of the index, found by id, or by the id of the event."""

    def create(self) -> None:
        """Make the table, once. `Shards.make` has made the file.

        Raises:
            StorageUnavailableError: The file is not there any more.
        """
        if not self._is_open:
            with self.write() as conn:
                conn.execute(CreateTable(events, if_not_exists=True))
            self._is_open = True

    def is_written(self) -> bool:
        """Tell whether there is a file with a table; asking makes none, and waits for no writer."""
        if self._is_open:
            return self.path.exists()
        try:
            if self.path.stat().st_size == 0:
                return False
        except FileNotFoundError:
            return False
        with self.read() as conn:
            return inspect(conn).has_table(events.name)

    @override
    def check(self) -> Sequence[Finding]:
        with self.read() as conn:
            return [finding for finding in self._check_files(conn) if finding.subject == "file"]

    @override
    def _open(self) -> None:
        """Nothing: who reads the file must not wait for those who write it."""

    @override
    def _make_file(self) -> None:
        """Nothing: the file of a run that was deleted meanwhile must not come back."""


class Shards:
    """The files of the runs, each with a number in its name that is never given to another.

    So a file can be removed while others have it open: what they do when they close it does not concern a successor. A
    second file of one name would share its write-ahead log and its shared memory with the first, which ends the process.

    Args:
        folder: Where the files lie, and no others.
        synchronous: When a commit returns.
    """

    def __init__(self, folder: Path, synchronous: Synchronous) -> None:
        self._folder = folder
        self._synchronous = synchronous
        self._changing = Lock()
        self._open: OrderedDict[int, ShardDatabase] = OrderedDict()
        self._users: dict[int, int] = {}

    def path(self, number: int, run_id: str) -> Path:
        """Return the file of a run, whether it exists or not; "" means no run."""
        return self._folder / f"{to_safe_name(run_id)}.{number}.db"

    def make(self, number: int, run_id: str) -> None:
        """Make the file of a run, empty, when it is missing.

        Only within the transaction of the index that has found or added the row: nobody removes it meanwhile.
        """
        make_private_folder(self._folder)
        make_private_file(self.path(number, run_id))

    @contextmanager
    def use(self, number: int, run_id: str) -> Iterator[ShardDatabase]:
        """Give the file of a run, which stays open meanwhile and, when few others are used, afterwards."""
        with self._changing:
            shard = self._open.get(number)
            if shard is None:
                shard = self._open[number] = ShardDatabase(self.path(number, run_id), self._synchronous)
            self._open.move_to_end(number)
            self._users[number] = self._users.get(number, 0) + 1
        try:
            yield shard
        finally:
            with self._changing:
                self._users[number] -= 1
                self._close_the_oldest()

    def check(self, runs: Mapping[int, str]) -> Finding:
        """Return what a look at the files of runs has found; a run whose file nobody has written yet has none.

        Args:
            runs: Number of the file to run id.
        """
        damaged = [path for path in (self._find_damaged(*run) for run in runs.items()) if path is not None]
        if damaged:
            names = ", ".join(path.name for path in damaged[:_NAMES_SHOWN])
            return Finding(
                _SUBJECT,
                Severity.PROBLEM,
                f"{len(damaged)} of {len(runs)} are damaged, restore a copy of each: {names}",
            )
        return Finding(_SUBJECT, Severity.OK, f"all {len(runs)} are whole")

    def _find_damaged(self, number: int, run_id: str) -> Path | None:
        """Return the file of a run when it is damaged."""
        with self.use(number, run_id) as shard:
            try:
                is_whole = not shard.is_written() or all(
                    finding.severity is Severity.OK for finding in shard.check()
                )
            except StorageCorruptError:
                is_whole = False
            return None if is_whole else shard.path

    def numbers(self) -> set[int]:
        """Return the numbers of all files."""
        return {_number_of(path) for path in self._folder.glob("*.db*")}

    def remove_all(self, numbers: Collection[int]) -> None:
        """Remove the files with these numbers."""
        with self._changing:
            shards = [self._open.pop(number) for number in set(numbers) & self._open.keys()]
        for shard in shards:
            shard.dispose()
        for path in self._folder.glob("*.db*"):
            if _number_of(path) in numbers:
                path.unlink(missing_ok=True)

    def dispose(self) -> None:
        """Close all files that nobody uses just now; the next use opens them again."""
        with self._changing:
            shards = list(self._open.values())
        for shard in shards:
            shard.dispose()

    def _close_the_oldest(self) -> None:
        unused = [number for number in self._open if not self._users.get(number)]
        for number in unused[: max(0, len(self._open) - _KEPT_OPEN)]:
            self._open.pop(number).dispose()
            self._users.pop(number, None)


def _number_of(path: Path) -> int:
    return int(path.name.partition(".")[2].partition(".")[0])
