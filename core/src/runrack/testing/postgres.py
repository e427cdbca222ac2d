"""A PostgreSQL server for tests: a real one, started for the tests and gone after them.

`RUNRACK_TEST_POSTGRES_URL` names a server that runs already (`postgresql://user:password@host/database`, for a user who may
create databases); it is used instead. A test takes a database of its own::

    @pytest.fixture
    def url(postgres_server):
        with postgres_server.database() as url:
            yield url

The fixture `postgres_server` is there with `-p runrack.testing.pytest_plugin`.
"""

import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar

import pytest
from typing_extensions import override

from runrack.errors import NotFoundError
from runrack.testing.database_server import DatabaseServer, OwnDatabaseServer, running, server_for_tests
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


class PostgresServer(DatabaseServer):
    """A running server.

    Args:
        url: How to reach a database of it, as a user who may create others.
    """

    create_options = "TEMPLATE template0"
    drop_options = "WITH (FORCE)"

    @override
    def run(self, statement: str) -> None:
        run(_programs() / "psql", "--no-psqlrc", "--quiet", "--command", statement, self.url)


class OwnPostgresServer(PostgresServer, OwnDatabaseServer):
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

    @override
    def crash(self) -> None:
        self.end(signal.SIGQUIT)


def own_postgres_server(
    settings: Mapping[str, str] | None = None,
) -> AbstractContextManager[OwnPostgresServer]:
    """Give a running server of our own, removed at the end. The settings are those of `OwnPostgresServer`."""
    return running(lambda: OwnPostgresServer(settings))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[DatabaseServer]:
    """A running server, the same for all tests: the one that the environment names, or one of our own."""
    with server_for_tests(URL_VARIABLE, PostgresServer, own_postgres_server) as server:
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
