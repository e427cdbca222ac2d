"""InDatabase: a database of its own for each test of a suite, and a way to look into it without runrack."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from runrack.testing.conformance.suite import ConformanceSuite
from runrack_sql.storage import SqlStorage


class InDatabase(ABC):
    """Makes the storages of a suite in an empty database.

    Attributes:
        storage_class: The class of the storage, set by the suite; it can be called with a place alone.
        place: Where the database of the test is: its URL, or its folder.
    """

    storage_class: Any
    place: str

    @abstractmethod
    def connect(self, place: str) -> Any:
        """Return a connection of the driver to a database, without runrack; it begins transactions by itself."""

    @abstractmethod
    def new_place(self, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
        """Return a context that gives the place of a new database without tables.

        Args:
            tmp_path: An empty folder of the test's own.
            request: Gives fixtures by name.
        """

    def make_storage(self, tmp_path: Path) -> Any:  # noqa: ARG002 - as the suites of runrack.testing call it
        """Return a storage in the database of the test."""
        return self.open_storage()

    def opener(self, storage: Any) -> Callable[[], Any]:  # noqa: ARG002 - as make_storage
        """Return what opens another storage over the same database."""
        return partial(self.storage_class, self.place)

    def open_storage(self) -> Any:
        """Return another storage over the database of the test."""
        return self.storage_class(self.place)

    @contextmanager
    def transaction(self, place: str) -> Iterator[Any]:
        """Give the cursor of a transaction without runrack, undone at the end."""
        with closing(self.connect(place)) as conn, closing(conn.cursor()) as cursor:
            yield cursor

    def ask(self, place: str, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows that a statement returns, executed and committed without runrack."""
        with closing(self.connect(place)) as conn, closing(conn.cursor()) as cursor:
            cursor.execute(statement)
            rows = list(cursor.fetchall()) if cursor.description else []
            conn.commit()
        return rows


class SqlSuite(InDatabase, ConformanceSuite[SqlStorage]):
    """Base of the suites for the combined storage of a plugin."""

    @override
    def make_storage(self, tmp_path: Path) -> SqlStorage:
        storage: SqlStorage = self.open_storage()
        return storage

    @pytest.fixture
    def untouched(self, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
        """The place of a database without tables."""
        with self.new_place(tmp_path, request) as place:
            yield place
