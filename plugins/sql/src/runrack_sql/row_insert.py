"""RowInsert: an insert of rows, prepared for the few places that run for every event."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Insert

from runrack_sql.dialect import Dialect
from runrack_sql.prepared import Prepared

MOST_CHARACTERS = 16 * 1024 * 1024
"""How much text one statement carries, unless a single row has more: servers limit statements."""


class RowInsert:
    """Inserts rows: many of them by one statement, where the database has one for that.

    Args:
        statement: The insert, of rows with different keys.
        dialect: For which database.
        columns: The columns that the rows give, unless they give all of the table.
    """

    def __init__(self, statement: Insert, dialect: Dialect, columns: Sequence[str] | None = None) -> None:
        self._each = Prepared(statement, dialect, columns)
        all_at_once = dialect.insert_rows(statement, columns or statement.table.columns.keys())
        self._all = None if all_at_once is None else Prepared(all_at_once, dialect)

    def run(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert the rows."""
        if self._all is None or len(rows) == 1:
            self._each.run_many(conn, rows)
            return
        for portion in _portions(rows):
            self._all.run(conn, {"rows": as_json(portion)})


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as the text that is bound to a statement for many of them."""
    return msgspec.json.encode(rows).decode()


def _portions(rows: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Yield the rows in portions that one statement carries."""
    portion: list[Mapping[str, Any]] = []
    characters = 0
    for row in rows:
        more = sum(len(value) for value in row.values() if isinstance(value, str))
        if portion and characters + more > MOST_CHARACTERS:
            yield portion
            portion, characters = [], 0
        portion.append(row)
        characters += more
    yield portion
