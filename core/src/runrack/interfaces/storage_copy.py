"""What a storage gives and takes when all that it keeps moves to another one."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

Row = Mapping[str, Any]
"""Column to value: text, a number, a truth value or None."""


@runtime_checkable
class SupportsCopy(Protocol):
    """A storage that can be moved to another one, whose tables have the same layout."""

    @property
    def copy_layout(self) -> str:
        """A name for the tables and their columns; rows may move only where the name is the same."""
        ...

    @property
    def copy_source(self) -> str:
        """What tells this storage from others; never a secret."""
        ...

    def list_tables(self) -> Sequence[str]:
        """Return the tables, in the order in which they are copied."""
        ...

    def count_rows(self, table: str) -> int:
        """Return how many rows a table has."""
        ...

    def export_rows(self, table: str, after: Row | None, limit: int) -> Sequence[Row]:
        """Return the rows that follow a row in the order of the primary key; the first ones for None.

        Args:
            table: Which table.
            after: The row; its primary key is enough.
            limit: How many rows at most.
        """
        ...

    def get_last_ids(self) -> Mapping[str, int]:
        """Return table to the id that it gave out last, for the tables that give out ids."""
        ...

    def begin_import(self, source: str) -> tuple[str, Row] | None:
        """Prepare to take the rows of another storage; nobody can use this one until `end_import`.

        Args:
            source: The `copy_source` of the other one.

        Returns:
            Table and row after which an import of the same source goes on that was interrupted; None for a new one.

        Raises:
            ConflictError: This storage is not empty, or holds an unfinished copy of another source.
        """
        ...

    def import_rows(self, table: str, rows: Sequence[Row]) -> None:
        """Store rows, and how far the import is, all or none. Harmless when repeated."""
        ...

    def end_import(self, last_ids: Mapping[str, int]) -> None:
        """Let the storage be used; new rows get ids above `last_ids`."""
        ...
