"""PostgresSchemaChanges: as for other databases, but for indexes, which PostgreSQL builds while the table is written."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, text
from typing_extensions import override

from runrack.interfaces.progress_report import Report
from runrack_sql.retry import call_with_patience
from runrack_sql.schema_changes import PATIENCE_SECONDS, SchemaChanges, operations

_IS_COMPLETE = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(quote_ident(:name))")


class PostgresSchemaChanges(SchemaChanges):
    """Changes the tables of a PostgreSQL database.

    Args:
        begin, report: As for `SchemaChanges`.
        begin_none: Gives a connection without a transaction.
    """

    def __init__(
        self,
        begin: Callable[[], AbstractContextManager[Connection]],
        begin_none: Callable[[], AbstractContextManager[Connection]],
        report: Report,
    ) -> None:
        super().__init__(begin, report)
        self._begin_none = begin_none

    @override
    def add_index(self, index: str, table: str, columns: Sequence[str], **options: Any) -> None:
        def build() -> None:
            with self._begin_none() as conn:
                is_complete = conn.execute(_IS_COMPLETE, {"name": index}).scalar()
                if is_complete:
                    return
                op = operations(conn)
                if is_complete is not None:  # the building of it was killed
                    op.drop_index(index, table, postgresql_concurrently=True)
                op.create_index(index, table, columns, postgresql_concurrently=True, **options)

        self._report(f"index {index}", 0, 1)
        call_with_patience(build, lambda: PATIENCE_SECONDS, is_repeatable=True)
        self._report(f"index {index}", 1, 1)
