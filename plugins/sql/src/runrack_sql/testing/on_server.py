"""OnServer: a database on a server for each test of a suite."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from runrack.testing.database_server import DatabaseServer, OwnDatabaseServer
from runrack_sql.testing.in_database import InDatabase


class OnServer(InDatabase):
    """Gives the tests of a suite a database on a server whose tables are empty: emptying them is faster than making them.

    Attributes:
        server_fixture: The fixture that gives the server.
        own_connection: A query for the number of the connection that asks it.
        other_connections: A query for the numbers of all other connections to the same database.
        end_connection: A statement that ends a connection, with `{}` in place of its number.
        count_waiting: A query whose last column is how many transactions wait for others.
        list_tables: A query for the names of all tables.
        tell_time: A query for the server's time, in UTC and without a time zone.
    """

    server_fixture: ClassVar[str]
    own_connection: ClassVar[str]
    other_connections: ClassVar[str]
    end_connection: ClassVar[str]
    count_waiting: ClassVar[str]
    list_tables: ClassVar[str]
    tell_time: ClassVar[str]

    @abstractmethod
    def empty_tables(self, place: str) -> None:
        """Leave the tables of a database as they are when they are made."""

    @abstractmethod
    def own_server(self) -> AbstractContextManager[OwnDatabaseServer]:
        """Give a server of the test's own, which it may crash."""

    @override
    def new_place(self, tmp_path: Path, request: pytest.FixtureRequest) -> AbstractContextManager[str]:
        server: DatabaseServer = request.getfixturevalue(self.server_fixture)
        return server.database()

    @pytest.fixture(scope="class")
    @classmethod
    def database_of_the_suite(cls, request: pytest.FixtureRequest) -> Iterator[str]:
        """The URL of a database with tables, the same for all tests of the suite."""
        server: DatabaseServer = request.getfixturevalue(cls.server_fixture)
        with server.database() as url:
            storage: Any = cls.storage_class(url)
            storage.migrate()
            storage.dispose()
            yield url

    @pytest.fixture(autouse=True)
    def _in_empty_tables(self, database_of_the_suite: str) -> Iterator[None]:
        self.place = database_of_the_suite
        yield
        self.empty_tables(database_of_the_suite)

    def cut_connections(self) -> int:
        """End all connections to the test's database, as an administrator would, and return how many there were."""
        numbers = self.ask(self.place, self.other_connections)
        for (number,) in numbers:
            self.ask(self.place, self.end_connection.format(number))
        return len(numbers)

    def wait_until_somebody_waits(self) -> None:
        """Return when a transaction waits for another one."""
        while True:
            ((*_, count),) = self.ask(self.place, self.count_waiting)
            if int(count) > 0:
                return
