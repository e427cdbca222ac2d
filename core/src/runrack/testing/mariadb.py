"""A MariaDB server for tests: a real one, started for the tests and gone after them.

`RUNRACK_TEST_MARIADB_URL` names a server that runs already (`mysql://user:password@host:3306/`, for a user who may create
databases); it is used instead, and may be one of MySQL. A test takes a database of its own::

    @pytest.fixture
    def url(mariadb_server):
        with mariadb_server.database() as url:
            yield url

The fixture `mariadb_server` is there with `-p runrack.testing.pytest_plugin`.
"""

import os
import signal
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import pytest
from typing_extensions import override

from runrack.testing.server_process import Command, OwnServer, find_program, is_root, run

URL_VARIABLE = "RUNRACK_TEST_MARIADB_URL"

_SETTINGS = {
    "bind-address": "127.0.0.1",
    "max-connections": "100",
    # A test server may lose everything when the machine crashes, though not when the server does: no wait for the disk.
    "innodb-flush-log-at-trx-commit": "2",
    "innodb-doublewrite": "0",
    "sync-binlog": "0",
    "innodb-buffer-pool-size": "64M",
    "max-allowed-packet": "64M",
}


class MariaDBServer:
    """A running server.

    Args:
        url: How to reach it, as a user who may create databases.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def database(self, options: str = "") -> Iterator[str]:
        """Give the URL of a new database, dropped at the end.

        Args:
            options: Further options of CREATE DATABASE.
        """
        name = f"runrack_{uuid.uuid4().hex}"
        self.run(f"CREATE DATABASE {name} {options}")
        try:
            yield urlsplit(self.url)._replace(path=f"/{name}").geturl()
        finally:
            self.run(f"DROP DATABASE {name}")

    def run(self, statement: str) -> None:
        """Run one statement."""
        run(_program("mariadb"), *self._address(), f"--execute={statement}")

    def _address(self) -> list[str]:
        """Return the options that tell MariaDB's programs where the server is, and who asks."""
        parts = urlsplit(self.url)
        return [
            "--no-defaults",
            "--protocol=tcp",
            f"--host={parts.hostname}",
            f"--port={parts.port or 3306}",
            f"--user={unquote(parts.username or '')}",
            f"--password={unquote(parts.password or '')}",
        ]


class OwnMariaDBServer(MariaDBServer, OwnServer):
    """A server of our own, with its data in a new folder; started and stopped at will, on one port of this machine.

    Args:
        settings: Option of the server to value, beside those that make it fast.
    """

    title: ClassVar[str] = "MariaDB"
    end_signal: ClassVar[signal.Signals] = signal.SIGKILL

    def __init__(self, **settings: str) -> None:
        OwnServer.__init__(self)
        MariaDBServer.__init__(self, f"mysql://root@127.0.0.1:{self.port}")
        self._settings = _SETTINGS | settings
        run(
            _program("mariadb-install-db"),
            "--no-defaults",
            *_as_current_user(),
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--innodb-log-file-size=16M",
            f"--datadir={self.folder / 'data'}",
        )

    @override
    def server_command(self) -> Command:
        return [
            _program("mariadbd"),
            "--no-defaults",
            *_as_current_user(),
            f"--datadir={self.folder / 'data'}",
            f"--port={self.port}",
            f"--socket={self.folder / 'socket'}",
            *(f"--{name}={value}" for name, value in self._settings.items()),
        ]

    @override
    def probe_command(self) -> Command:
        return [_program("mariadb-admin"), *self._address(), "ping"]

    def crash(self) -> None:
        """End the server with `kill -9`: all connections are cut, nothing is tidied up."""
        self.end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop the server as an administrator would."""
        self.end(signal.SIGTERM)


class OnMariaDB(ABC):
    """Gives the tests of a suite a database in MariaDB whose tables are empty: emptying them is faster than making them.

    Attributes:
        url: How to reach it.
    """

    url: str

    @classmethod
    @abstractmethod
    def make_tables(cls, url: str) -> None:
        """Make the tables of a new database."""

    @classmethod
    @abstractmethod
    def empty_tables(cls, url: str) -> None:
        """Leave the tables as they are when they are made."""

    @pytest.fixture(scope="class")
    @classmethod
    def database_of_the_suite(cls, mariadb_server: MariaDBServer) -> Iterator[str]:
        """The URL of a database with tables, the same for all tests of the suite."""
        with mariadb_server.database() as url:
            cls.make_tables(url)
            yield url

    @pytest.fixture(autouse=True)
    def _in_empty_tables(self, database_of_the_suite: str) -> Iterator[None]:
        self.url = database_of_the_suite
        yield
        self.empty_tables(self.url)


@contextmanager
def own_mariadb_server(**settings: str) -> Iterator[OwnMariaDBServer]:
    """Give a running server of our own, removed at the end.

    Args:
        settings: As for `OwnMariaDBServer`.
    """
    server = OwnMariaDBServer(**settings)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDBServer]:
    """A running server, the same for all tests: the one that the environment names, or one of our own."""
    if url := os.environ.get(URL_VARIABLE):
        yield MariaDBServer(url)
        return
    with own_mariadb_server() as server:
        yield server


def _program(name: str) -> Path:
    return find_program(name, "mariadb-server")


def _as_current_user() -> list[str]:
    """Return the option without which the server refuses to run as root."""
    return ["--user=root"] if is_root() else []
