"""A PostgreSQL server for tests: a real one, started for the tests and gone after them.

`RUNRACK_TEST_POSTGRES_URL` names a server that runs already (`postgresql://user:password@host/database`, for a user who may
create databases); it is used instead. A test takes a database of its own::

    @pytest.fixture
    def url(postgres_server):
        with postgres_server.database() as url:
            yield url

The fixture `postgres_server` is there with `-p runrack.testing.pytest_plugin`.
"""

import os
import shutil
import signal
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import pytest
from typing_extensions import override

from runrack.errors import NotFoundError
from runrack.testing.server_process import Command, OwnServer, ending_with_this_process, is_root, run

URL_VARIABLE = "RUNRACK_TEST_POSTGRES_URL"

_USER = "runrack"
_SYSTEM_USER = "postgres"
"""As whom the server runs when the tests run as root, whom PostgreSQL refuses."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    # A test server may lose everything when the machine crashes, so it need not wait for the disk.
    "fsync": "off",
    "full_page_writes": "off",
    "deadlock_timeout": "100ms",
}


class PostgresServer:
    """A running server.

    Args:
        url: How to reach a database of it, as a user who may create others.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def database(self, template: str = "template0", options: str = "") -> Iterator[str]:
        """Give the URL of a new database, dropped at the end.

        Args:
            template: Name of the database to copy, which nobody may be connected to.
            options: Further options of CREATE DATABASE.
        """
        name = f"runrack_{uuid.uuid4().hex}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} {options}")
        try:
            yield urlsplit(self.url)._replace(path=f"/{name}").geturl()
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """Run one statement."""
        run(_programs() / "psql", "--no-psqlrc", "--quiet", "--command", statement, self.url)


class OwnPostgresServer(PostgresServer, OwnServer):
    """A server of our own, with its data in a new folder; started and stopped at will, on one port of this machine.

    Args:
        settings: Settings of the server that are not as tests need them, such as `fsync`.
    """

    title: ClassVar[str] = "PostgreSQL"
    end_signal: ClassVar[signal.Signals] = signal.SIGQUIT

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        OwnServer.__init__(self)
        PostgresServer.__init__(self, f"postgresql://{_USER}@127.0.0.1:{self.port}/postgres")
        self._settings = {**_SETTINGS, **(settings or {})}
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        options: list[str | Path] = [
            "--no-sync",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            f"--username={_USER}",
        ]
        command = [_programs() / "initdb", *options, f"--pgdata={self.folder / 'data'}"]
        run(*ending_with_this_process(command, self.end_signal, self.user))

    @property
    @override
    def user(self) -> str | None:
        return _SYSTEM_USER if is_root() else None

    @override
    def server_command(self) -> Command:
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        return [_programs() / "postgres", "-D", self.folder / "data", f"-p{self.port}", *settings]

    @override
    def probe_command(self) -> Command:
        return [_programs() / "pg_isready", "-q", "-h127.0.0.1", f"-p{self.port}"]

    def crash(self) -> None:
        """Stop the server as a crash would: all connections are cut, nothing is tidied up."""
        self.end(signal.SIGQUIT)


class OnPostgres(ABC):
    """Gives the tests of a suite a database in PostgreSQL whose tables are empty: emptying them is faster than making them.

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
    def database_of_the_suite(cls, postgres_server: PostgresServer) -> Iterator[str]:
        """The URL of a database with tables, the same for all tests of the suite."""
        with postgres_server.database() as url:
            cls.make_tables(url)
            yield url

    @pytest.fixture(autouse=True)
    def _in_empty_tables(self, database_of_the_suite: str) -> Iterator[None]:
        self.url = database_of_the_suite
        yield
        self.empty_tables(self.url)


@contextmanager
def own_postgres_server(settings: Mapping[str, str] | None = None) -> Iterator[OwnPostgresServer]:
    """Give a running server of our own, removed at the end. The settings are those of `OwnPostgresServer`."""
    server = OwnPostgresServer(settings)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server, the same for all tests: the one that the environment names, or one of our own."""
    if url := os.environ.get(URL_VARIABLE):
        yield PostgresServer(url)
        return
    with own_postgres_server() as server:
        yield server


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs, of the newest version."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    on_path = [Path(found).parent] if (found := shutil.which("initdb")) else []
    for folder in [*reversed(installed), *on_path]:
        if (folder / "initdb").exists():
            return folder
    raise NotFoundError(
        "the programs of a PostgreSQL server are not installed: install Debian's `postgresql`,"
        " or put the folder of `initdb` on PATH"
    )
