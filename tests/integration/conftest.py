"""Databases of all kinds, and databases of earlier versions."""

from contextlib import ExitStack

import pytest

from runrack_memory import MemoryStorage
from runrack_mysql import MySQLStorage
from runrack_postgres import PostgresStorage
from runrack_sqlite import SqliteStorage

STORAGES = {
    "memory": MemoryStorage,
    "sqlite": SqliteStorage,
    "postgres": PostgresStorage,
    "mysql": MySQLStorage,
}
SERVERS = {"postgres": "postgres_server", "mysql": "mariadb_server"}


class Place:
    """Where a storage keeps what it has.

    Args:
        kind: Which storage.
        argument: What the storage is made with.
    """

    def __init__(self, kind, argument):
        self.kind = kind
        self.argument = argument

    def open(self):
        """Return a storage that keeps its state here."""
        return STORAGES[self.kind](self.argument)


@pytest.fixture
def make_place(tmp_path, request):
    """Gives an empty place for a kind of storage."""
    with ExitStack() as databases:

        def make(kind):
            if kind == "memory":
                return Place(kind, None)
            if kind == "sqlite":
                folder = tmp_path / f"place-{len(list(tmp_path.iterdir()))}"
                folder.mkdir()
                return Place(kind, str(folder))
            server = request.getfixturevalue(SERVERS[kind])
            return Place(kind, databases.enter_context(server.database()))

        yield make
