"""ObjectReader: an object as a file that can be read and sought in."""

import io
import os

from obstore.store import ObjectStoreMethods
from typing_extensions import Buffer, override

from runrack_objectstore.store_call import store_call

PIECE_LENGTH = 8 << 20
"""How many bytes are asked for, and kept, at a time."""


class ObjectReader(io.RawIOBase):
    """An open object: fetched piece by piece, so that its size costs no memory and a slow reader holds no connection.

    - A small object takes one request, which also tells whether there is such an object.
    - All pieces are of one version of the object.

    Args:
        store: The store.
        key: The object's key.
        place: What errors call the object.

    Raises:
        FileNotFoundError: There is no such object.
        StorageError: The object was changed meanwhile, or the store does not give it: see `store_call`. Reading raises
            the same.
    """

    def __init__(self, store: ObjectStoreMethods, key: str, place: str) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._place = place
        self._position = 0
        self._piece_start = 0
        with store_call(place):
            found = store.get(key)
            self._size = found.meta["size"]
            self._e_tag = found.meta["e_tag"]
            self._piece = memoryview(found.bytes() if self._size <= PIECE_LENGTH else b"")

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        starts = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}
        if whence not in starts or starts[whence] + offset < 0:
            raise ValueError(
                "an object is sought in from its start, the position or its end, and not before its start"
            )
        self._position = starts[whence] + offset
        return self._position

    @override
    def readinto(self, buffer: Buffer, /) -> int:
        if self._position >= self._size:
            return 0
        if not self._piece_start <= self._position < self._piece_start + len(self._piece):
            self._fetch()
        target = memoryview(buffer).cast("B")
        found = self._piece[self._position - self._piece_start :][: len(target)]
        target[: len(found)] = found
        self._position += len(found)
        return len(found)

    def _fetch(self) -> None:
        self._piece = memoryview(b"")  # let go of before the next one comes: one piece in memory, not two
        end = min(self._position + PIECE_LENGTH, self._size)
        with store_call(self._place):
            found = self._store.get(
                self._key, options={"range": (self._position, end), "if_match": self._e_tag}
            )
            self._piece = memoryview(found.bytes())
        self._piece_start = self._position
