"""What every file manager makes of what it is given: open files, bytes, extensions."""

import re
from collections.abc import Iterator
from typing import IO, Any

from runrack.errors import InvalidArgumentError

PIECE_LENGTH = 1 << 20
"""How many bytes are read and written at a time."""

_MAX_EXTENSION_LENGTH = 100
_EXTENSION = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*")


def read_pieces(file_obj: IO[Any], mode: str) -> Iterator[bytes]:
    """Return what an open file holds from its position on, in pieces; text in UTF-8.

    - The mode and the kind of the object are checked at once, what it gives as it is read.

    Raises:
        InvalidArgumentError: The object is not open for reading, or gives something else than the mode says.
    """
    if mode not in {"wb", "w"}:
        raise InvalidArgumentError('a file is written with mode "wb" (bytes) or "w" (text)')
    if not callable(getattr(file_obj, "read", None)):
        raise InvalidArgumentError(
            f"write stores what an open file holds, not {type(file_obj).__name__}; write_data stores bytes"
        )
    return _read_bytes(file_obj) if mode == "wb" else _read_text(file_obj)


def data_pieces(data: bytes) -> Iterator[memoryview]:
    """Return bytes in pieces, which are not copied.

    Raises:
        InvalidArgumentError: `data` is no bytes.
    """
    if not isinstance(data, bytes):
        raise InvalidArgumentError(f"write_data stores bytes, not {type(data).__name__}; encode text first")
    view = memoryview(data)
    return (view[start : start + PIECE_LENGTH] for start in range(0, len(view), PIECE_LENGTH))


def suffix_of(ext: str | None) -> str:
    """Return what a file name ends in: `.txt` for "txt" and for ".txt", nothing for None.

    Raises:
        InvalidArgumentError: It is no plain extension.
    """
    if ext is None:
        return ""
    plain = ext.removeprefix(".") if isinstance(ext, str) else ""
    if not _EXTENSION.fullmatch(plain) or len(plain) > _MAX_EXTENSION_LENGTH:
        raise InvalidArgumentError('ext is a plain extension such as "csv" or ".tar.gz"')
    return f".{plain}"


def _read_bytes(file_obj: IO[Any]) -> Iterator[bytes]:
    while piece := file_obj.read(PIECE_LENGTH):
        if isinstance(piece, str):
            raise InvalidArgumentError('this file gives text: write it with mode="w"')
        yield piece


def _read_text(file_obj: IO[Any]) -> Iterator[bytes]:
    while piece := file_obj.read(PIECE_LENGTH):
        if not isinstance(piece, str):
            raise InvalidArgumentError('this file gives bytes: write it with mode="wb"')
        yield piece.encode("utf-8")
