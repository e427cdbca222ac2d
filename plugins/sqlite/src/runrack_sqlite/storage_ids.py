"""StorageIds: gives out storage ids to who writes to different files, and tells up to which id all of them are visible."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import TypeVar

from runrack_sqlite.file_lock import FileLock
from runrack_sqlite.filesystem import PRIVATE_FILE, make_private_folder

T = TypeVar("T")

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Where Linux tells one start of the machine from another. Elsewhere it is missing."""

_NUMBER_BYTES = 8
_NUMBERS_BYTES = 2 * _NUMBER_BYTES


class StorageIds:
    """Two numbers in a file: the storage id given out last, and the last one that is visible with all before it.

    Whoever takes ids holds a lock of the whole machine until the commit: so ids become visible in their order, whichever
    file they are in. The lock is taken when everything else is ready; it is held for a commit, which waits for no disk.

    A process that is killed leaves the file as the kernel has it. After a power failure the file may be older than what it
    speaks of: it also says during which start of the machine it was written, and in any other is made anew.

    Args:
        path: The file.
        find_last: Returns the highest id in use, by looking everywhere.
    """

    def __init__(self, path: Path, find_last: Callable[[], int]) -> None:
        self._path = path
        self._find_last = find_last
        self._lock = FileLock(path.with_name(f"{path.name}.lock"))
        self._descriptor: int | None = None
        self._turn = Lock()
        self._taken = 0

    @contextmanager
    def section(self) -> Iterator[None]:
        """Keep all others from taking ids, until what was written under them is committed or undone."""
        with self._turn, self._lock.held():
            self._taken = self._read(0)
            try:
                yield
            finally:
                self._write(self._taken, self._taken)

    @contextmanager
    def section_around(self, transaction: AbstractContextManager[T]) -> Iterator[T]:
        """Give the connection of a transaction within a section that begins after it has begun, and ends after it."""
        with ExitStack() as section, transaction as conn:
            section.enter_context(self.section())
            yield conn

    def take(self, count: int) -> int:
        """Return the first of as many new ids. Only within a `section`."""
        first = self._taken + 1
        self._taken += count
        # Before they are used: who is killed after the commit must not have others use them again.
        self._write(self._taken, self._read(1))
        return first

    def visible(self) -> int:
        """Return the last id of which it is certain that no smaller one will become visible any more."""
        return self._read(1)

    def close(self) -> None:
        """Close the files; the next use opens them again."""
        with self._turn:
            self._lock.close()
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _read(self, place: int) -> int:
        return int.from_bytes(os.pread(self._opened(), _NUMBER_BYTES, place * _NUMBER_BYTES))

    def _write(self, taken: int, visible: int) -> None:
        os.pwrite(self._opened(), taken.to_bytes(_NUMBER_BYTES) + visible.to_bytes(_NUMBER_BYTES), 0)

    def _opened(self) -> int:
        if self._descriptor is None:
            make_private_folder(self._path.parent)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
            if not self._is_of_this_start(descriptor):
                self._renew(descriptor)
            self._descriptor = descriptor
        return self._descriptor

    def _is_of_this_start(self, descriptor: int) -> bool:
        return os.pread(descriptor, len(_this_start()) + 1, _NUMBERS_BYTES) == _this_start()

    def _renew(self, descriptor: int) -> None:
        """Make the file anew, unless another process was faster. A lock of its own: the caller may hold the other."""
        renewal = FileLock(self._path.with_name(f"{self._path.name}.renewal"))
        with renewal.held():
            if not self._is_of_this_start(descriptor):
                last = self._find_last().to_bytes(_NUMBER_BYTES)
                os.pwrite(descriptor, last + last + _this_start(), 0)
        renewal.close()


def _this_start() -> bytes:
    try:
        return BOOT_ID.read_bytes()
    except OSError:
        return b"unknown"
