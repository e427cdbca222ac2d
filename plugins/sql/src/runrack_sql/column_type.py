"""The types of columns, chosen so that every database compares text the same way: by code point, nothing folded."""

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.types import TypeEngine

_MYSQL = ("mysql", "mariadb")
_BINARY_MYSQL = "utf8mb4_bin"
_BINARY_POSTGRESQL = "C"
_LONGTEXT = 2**32 - 1

DIGEST_LENGTH = 40
HEAD_LENGTH = 200
"""How many leading characters of a text of any length are kept beside it, to be indexed: every database limits keys."""

NAME_LENGTH = 255
"""The longest id or name that is a key by itself."""


def name(length: int = NAME_LENGTH) -> TypeEngine[str]:
    """Return a text of limited length that can be part of a key."""
    return (
        String(length)
        .with_variant(String(length, collation=_BINARY_MYSQL), *_MYSQL)
        .with_variant(String(length, collation=_BINARY_POSTGRESQL), "postgresql")
    )


def long_text() -> TypeEngine[str]:
    """Return a text of any length. MySQL would cut a plain TEXT off at 64 KiB."""
    return (
        Text()
        .with_variant(Text(_LONGTEXT, collation=_BINARY_MYSQL), *_MYSQL)
        .with_variant(Text(collation=_BINARY_POSTGRESQL), "postgresql")
    )


def big_integer() -> TypeEngine[int]:
    """Return a number of 64 bits. SQLite's INTEGER has as many, and only it can be the row's own place in the table."""
    return BigInteger().with_variant(Integer, "sqlite")
