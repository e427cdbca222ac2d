"""Writes a file of many MiB to a bucket, reads it back and copies it; prints what that cost, as JSON."""

import hashlib
import io
import json
import resource
import sys
from pathlib import Path

from typing_extensions import override

from runrack_objectstore import S3FileManager

MIB = 1 << 20


class Ramp(io.RawIOBase):
    """A file of that many MiB, no two of which are the same, made while it is read."""

    def __init__(self, mibs):
        self.next, self.end = 0, mibs
        self.digest = hashlib.sha256()

    @override
    def readable(self):
        return True

    @override
    def read(self, size=-1, /):
        if self.next == self.end:
            return b""
        piece = self.next.to_bytes(4, "big") * (MIB // 4)
        self.next += 1
        self.digest.update(piece)
        return piece


def digest_of(stream):
    """The digest of what an open file holds."""
    return hashlib.file_digest(stream, "sha256").hexdigest()


def peak():
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(mibs, settings):
    """Move a file of that many MiB."""
    manager = S3FileManager(**settings)
    manager.read_data(manager.write_data(b"warm"))
    before = peak()
    source = Ramp(mibs)
    handle = manager.write(source)
    with manager.read(handle) as stream:
        read = digest_of(stream)
    with Path(manager.copy_handle_to_local_temp(handle)).open("rb") as copy:
        copied = digest_of(copy)
    manager.delete_local_temp()
    found = {"written": source.digest.hexdigest(), "read": read, "copied": copied}
    sys.stdout.write(json.dumps({**found, "grown": peak() - before}))


main(int(sys.argv[1]), json.loads(sys.argv[2]))
