"""SqlCopy: gives all rows of a database, and takes those of another one."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from runrack.errors import ConflictError
from runrack.interfaces.storage_copy import Row
from runrack_sql.part import SqlPart
from runrack_sql.retry import repeatable
from runrack_sql.schema import (
    SCHEMA_VERSION,
    UNFINISHED_COPY,
    cursors,
    event_ids,
    metadata,
    schema_version,
)

_BOOKMARK = "runrack copy"
"""The row of `cursors` that says how far an import is; it is no part of a copy."""


class SqlCopy(SqlPart):
    """Moves all rows of a database to another one."""

    @property
    def copy_layout(self) -> str:
        """As `SupportsCopy.copy_layout`."""
        return f"runrack's tables of version {SCHEMA_VERSION}"

    @property
    def copy_source(self) -> str:
        """As `SupportsCopy.copy_source`."""
        return self.database.label

    def list_tables(self) -> Sequence[str]:
        """As `SupportsCopy.list_tables`."""
        return sorted(metadata.tables)

    @repeatable
    def count_rows(self, table: str) -> int:
        """As `SupportsCopy.count_rows`."""
        with self.database.read_any() as conn:
            return _count(conn, metadata.tables[table])

    @repeatable
    def export_rows(self, table: str, after: Row | None, limit: int) -> Sequence[Row]:
        """As `SupportsCopy.export_rows`."""
        found = metadata.tables[table]
        statement = select(found).where(_is_copied(found)).order_by(*found.primary_key).limit(limit)
        if after is not None:
            statement = statement.where(_follows(list(found.primary_key), after))
        with self.database.read_any() as conn:
            return [dict(row) for row in conn.execute(statement).mappings()]

    @repeatable
    def get_last_ids(self) -> Mapping[str, int]:
        """As `SupportsCopy.get_last_ids`."""
        with self.database.read() as conn:
            return {table.name: self.database.dialect.get_last_id(conn, table) for table in _NUMBERED}

    def begin_import(self, source: str) -> tuple[str, Row] | None:
        """As `SupportsCopy.begin_import`."""
        if self.database.get_schema_status().current != UNFINISHED_COPY:
            self.database.migrate()
            with self.database.write() as conn:
                self._begin(conn, source)
            return None
        with self.database.read_any() as conn:
            value = conn.execute(select(cursors.c.value).where(cursors.c.key == _BOOKMARK)).scalar()
        bookmark = json.loads(value or "{}")
        if bookmark.get("source") != source:
            raise ConflictError(f"{self.database.label} holds an unfinished copy of something else: empty it")
        return (bookmark["table"], bookmark["after"]) if "table" in bookmark else None

    @repeatable
    def import_rows(self, table: str, rows: Sequence[Row]) -> None:
        """As `SupportsCopy.import_rows`."""
        found = metadata.tables[table]
        keys = [column.name for column in found.primary_key]
        after = {key: rows[-1][key] for key in keys}
        with self.database.change_tables() as conn:
            value = conn.execute(select(cursors.c.value).where(cursors.c.key == _BOOKMARK)).scalar_one()
            conn.execute(self.database.dialect.replace(found, keys), [dict(row) for row in rows])
            bookmark = json.dumps({**json.loads(value), "table": table, "after": after})
            conn.execute(update(cursors).where(cursors.c.key == _BOOKMARK).values(value=bookmark))

    def end_import(self, last_ids: Mapping[str, int]) -> None:
        """As `SupportsCopy.end_import`."""
        with self.database.change_tables() as conn:
            for table in _NUMBERED:
                self.database.dialect.set_last_id(conn, table, last_ids[table.name])
            conn.execute(delete(cursors).where(cursors.c.key == _BOOKMARK))
            conn.execute(update(schema_version).values(version_num=SCHEMA_VERSION))

    def _begin(self, conn: Connection, source: str) -> None:
        for table in metadata.sorted_tables:
            if table is not event_ids and _count(conn, table):
                raise ConflictError(
                    f"{self.database.label} is not empty: the table {table.name} holds rows. Name an empty database"
                )
        conn.execute(insert(cursors), {"key": _BOOKMARK, "value": json.dumps({"source": source})})
        conn.execute(update(schema_version).values(version_num=UNFINISHED_COPY))


def _gives_ids(table: Table) -> bool:
    return "id" in table.c and table.c.id.autoincrement is True


_NUMBERED = [table for table in metadata.sorted_tables if _gives_ids(table)]
"""The tables whose ids the database gives out."""


def _count(conn: Connection, table: Table) -> int:
    found: int = conn.execute(select(func.count()).select_from(table).where(_is_copied(table))).scalar_one()
    return found


def _is_copied(table: Table) -> ColumnElement[bool]:
    return cursors.c.key != _BOOKMARK if table is cursors else true()


def _follows(key: Sequence[Column[Any]], row: Row) -> ColumnElement[bool]:
    """Return the condition that a row comes after another in the order of a key, in the form that uses its index."""
    first, *rest = key
    value = row[first.name]
    is_above: ColumnElement[bool] = first > value
    if not rest:
        return is_above
    return and_(first >= value, or_(is_above, _follows(rest, row)))
