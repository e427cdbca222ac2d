"""The types of columns, chosen so that every database compares text the same way: by code point, nothing folded."""

from typing import Any

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine
from typing_extensions import override

_BINARY_MYSQL = "utf8mb4_0900_bin"
_BINARY_MARIADB = "utf8mb4_nopad_bin"
"""Neither server knows the other's. To `utf8mb4_bin`, which both know, `a` and `a ` are the same."""

_BINARY_POSTGRESQL = "C"
_LONGTEXT = 2**32 - 1

DIGEST_LENGTH = 40
HEAD_LENGTH = 200
"""How many leading characters of a text of any length are kept beside it, to be indexed: every database limits keys."""

NAME_LENGTH = 255
"""The longest id or name that is a key by itself."""


class _MySQLText(TypeDecorator[str]):
    """A text in MySQL or MariaDB, of limited length or of any."""

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        collation = _BINARY_MARIADB if getattr(dialect, "is_mariadb", False) else _BINARY_MYSQL
        if self.length is None:
            return dialect.type_descriptor(Text(_LONGTEXT, collation=collation))
        return dialect.type_descriptor(String(self.length, collation=collation))


def name(length: int = NAME_LENGTH) -> TypeEngine[str]:
    """Return a text of limited length that can be part of a key."""
    return (
        String(length)
        .with_variant(_MySQLText(length), "mysql", "mariadb")
        .with_variant(String(length, collation=_BINARY_POSTGRESQL), "postgresql")
    )


def long_text() -> TypeEngine[str]:
    """Return a text of any length. MySQL would cut a plain TEXT off at 64 KiB."""
    return (
        Text()
        .with_variant(_MySQLText(), "mysql", "mariadb")
        .with_variant(Text(collation=_BINARY_POSTGRESQL), "postgresql")
    )


def big_integer() -> TypeEngine[int]:
    """Return a number of 64 bits. SQLite's INTEGER has as many, and only it can be the row's own place in the table."""
    return BigInteger().with_variant(Integer, "sqlite")
