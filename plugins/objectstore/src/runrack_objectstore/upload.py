"""upload: makes an object out of pieces, whole or not at all."""

from collections.abc import Iterable, Iterator
from itertools import chain

from obstore.store import ObjectStoreMethods
from typing_extensions import Buffer

from runrack.errors import StorageError
from runrack_objectstore.store_call import store_call

PART_LENGTH = 8 << 20
"""What fits is sent in one request; what is longer is sent in parts of this many bytes. S3 takes 10,000 parts: 78 GiB."""

_PARTS_AT_ONCE = 3


def upload(store: ObjectStoreMethods, key: str, place: str, pieces: Iterable[Buffer]) -> None:
    """Make an object out of pieces. It appears when it is whole, or not at all.

    - An object of the same key is never overwritten by one request. The store does not promise it for what is sent in
      parts; the key is to be one that nobody else uses.
    - When a piece cannot be read, that error goes to the caller as it is, and the parts that were sent are deleted.
    - A process that is killed meanwhile may leave parts, which nobody sees and the bucket's lifecycle rules delete.

    Args:
        store: The store.
        key: The new object's key.
        place: What errors call the object.
        pieces: The content.

    Raises:
        StorageError: The bucket is missing, or the store does not take the object: see `store_call`.
        ConflictError: There is such an object.
    """
    source = _Source(pieces)
    beginning = _read_ahead(source)
    try:
        with store_call(place):
            if len(beginning) < PART_LENGTH:
                store.put(key, beginning, mode="create", use_multipart=False)
            else:
                parts = chain([beginning], source)
                store.put(
                    key,
                    parts,
                    use_multipart=True,
                    chunk_size=PART_LENGTH,
                    max_concurrency=_PARTS_AT_ONCE,
                )
    except Exception as error:
        if source.error is not None:
            raise source.error from None
        if isinstance(error, FileNotFoundError):
            raise StorageError(f"{place}: there is no such bucket. Create it, or correct its name") from None
        raise


class _Source:
    """Pieces that remember why they ended: by its type alone, what reading raised could be the driver's error."""

    def __init__(self, pieces: Iterable[Buffer]) -> None:
        self._pieces = iter(pieces)
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[Buffer]:
        return self

    def __next__(self) -> Buffer:
        try:
            return next(self._pieces)
        except StopIteration:
            raise
        except Exception as error:
            self.error = error
            raise


def _read_ahead(pieces: Iterable[Buffer]) -> bytes:
    """Return the first part, or everything if there is less."""
    beginning = bytearray()
    for piece in pieces:
        beginning += piece
        if len(beginning) >= PART_LENGTH:
            break
    return bytes(beginning)
