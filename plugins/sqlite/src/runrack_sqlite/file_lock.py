"""FileLock: lets one writer of the whole machine work at a time, in turn."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runrack.errors import StorageUnavailableError
from runrack_sqlite.filesystem import PRIVATE_FILE


class FileLock:
    """A lock on a file, given up by the kernel when its holder dies. Not for two threads of a process at once.

    SQLite's own lock is taken by whoever asks at the right moment; a writer may ask for seconds in vain. The kernel
    lets those who wait for this one go on as soon as it is free.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock, waiting for it as long as it takes.

        Raises:
            StorageUnavailableError: The file cannot be opened.
        """
        descriptor = self._open()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file. A process that is forked off must not inherit it: it would share the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        if self._descriptor is None:
            try:
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
            except OSError as error:
                raise StorageUnavailableError(
                    f"{self._path} cannot be opened ({error.strerror}): give this user the permission,"
                    " or name another folder"
                ) from error
        return self._descriptor
