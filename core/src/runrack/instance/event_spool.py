"""Spool files: events that wait on this machine's disk for a storage that is away.

A process has one file below `<home>/spool`, locked for as long as it uses it; the lock of a process that died is free, which
tells that its file may be brought in by another. A line is what one call was asked to store::

    CHECKSUM TAB EPOCH TAB ENTRY TAB ENTRY ... NEWLINE

with the CRC-32 of what follows it, an epoch that may be empty, and entries in their stored form, JSON, in which neither TAB nor
NEWLINE occur. A last line that is not complete is of a call that did not return.
"""

from __future__ import annotations

import fcntl
import os
import socket
import uuid
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runrack.errors import RecordDecodeError
from runrack.records.codec import decode_event, encode
from runrack.records.event import EventLogEntry
from runrack.records.safe_name import to_safe_name

FOLDER = "spool"
SUFFIX = ".events"
REFUSED_SUFFIX = ".refused"

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700
_READ_BYTES = 2**20


@dataclass(frozen=True)
class SpooledCall:
    """What one call was asked to store.

    Attributes:
        epoch: The caller's claim on the run.
        entries: What to store.
    """

    epoch: int | None
    entries: Sequence[EventLogEntry]

    def to_line(self) -> bytes:
        """Return the line of the call."""
        epoch = "" if self.epoch is None else str(self.epoch)
        text = "\t".join([epoch, *map(encode, self.entries)]).encode()
        return b"%08x\t%s\n" % (zlib.crc32(text), text)

    @classmethod
    def from_line(cls, line: bytes) -> SpooledCall:
        """Return the call of a line.

        Raises:
            RecordDecodeError: The line is damaged.
        """
        checksum, _, text = line.rstrip(b"\n").partition(b"\t")
        if checksum != b"%08x" % zlib.crc32(text):
            raise RecordDecodeError("a line of a spool file is damaged")
        epoch, *entries = text.split(b"\t")
        return cls(int(epoch) if epoch else None, [decode_event(entry) for entry in entries])


class SpoolFile:
    """A spool file that this process has locked. Not for two threads at once.

    Attributes:
        path: The file.
        size: How many bytes of it hold lines.
        position: Where the lines begin that are still to be brought in.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.position = 0
        self.size = os.fstat(descriptor).st_size
        self._descriptor = descriptor

    @classmethod
    def create(cls, folder: Path) -> SpoolFile:
        """Return a new file in the folder, which is made when it is missing.

        Raises:
            OSError: It cannot be made.
        """
        folder.mkdir(_PRIVATE_FOLDER, exist_ok=True)
        name = to_safe_name(f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4()}")
        path = folder / f"{name}{SUFFIX}"
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_CREAT | os.O_EXCL
        descriptor = os.open(path, flags, _PRIVATE_FILE)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _sync_folder(folder)
        return cls(path, descriptor)

    @classmethod
    def claim(cls, path: Path) -> SpoolFile | None:
        """Return the file of a process that is gone; None when that one is alive, or another has claimed it."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if not os.fstat(descriptor).st_nlink:  # brought in and removed just now
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    def append(self, line: bytes) -> None:
        """Add a line; when the call returns, the disk has it.

        Raises:
            OSError: The disk is full or fails; the file is as before.
        """
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(line)

    def read_lines(self) -> Sequence[bytes]:
        """Return the next complete lines, about a megabyte of them; nothing when no complete one is left."""
        length = _READ_BYTES
        while True:
            block = os.pread(self._descriptor, min(length, self.size - self.position), self.position)
            complete, _, _ = block.rpartition(b"\n")
            if complete or len(block) < length:
                return [line + b"\n" for line in complete.split(b"\n")] if complete else []
            length *= 2

    def refuse(self, line: bytes) -> Path:
        """Keep a line that cannot be stored in a file beside this one, and return that file."""
        refused = self.path.with_suffix(REFUSED_SUFFIX)
        with open(refused, "ab", opener=_open_private) as kept:
            kept.write(line)
        return refused

    def remove(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Give up the lock; what is in the file is left to others."""
        os.close(self._descriptor)


def epoch_of_line(line: bytes) -> bytes:
    """Return the epoch of a line as it is written, without a look at the rest."""
    return line[len("01234567\t") :].partition(b"\t")[0]


def spool_files(home: Path) -> list[Path]:
    """Return the spool files of a home, those of living processes too."""
    with suppress(FileNotFoundError):
        return sorted(path for path in (home / FOLDER).iterdir() if path.suffix == SUFFIX)
    return []


def waiting_events(home: Path) -> int:
    """Return how many events wait on the disk of this machine to be stored, by all processes that have used the home.

    Damaged lines do not count. Events that are being brought in count until all of their file are.
    """
    return sum(len(call.entries) for path in spool_files(home) for call in _read_calls(path))


def _read_calls(path: Path) -> Iterator[SpooledCall]:
    with suppress(FileNotFoundError), path.open("rb") as lines:
        for line in lines:
            with suppress(RecordDecodeError):
                yield SpooledCall.from_line(line)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, _PRIVATE_FILE)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
