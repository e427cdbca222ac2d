"""A PostgreSQL server for tests: a real one, started for the tests and gone after them.

`RUNRACK_TEST_POSTGRES_DSN` names a server that runs already (`postgresql://user:password@host/database`, for a user who may
create databases); it is used instead. A test takes a database of its own::

    from runrack.testing.postgres import postgres_server

    @pytest.fixture
    def url(postgres_server):
        with postgres_server.database() as url:
            yield url

The fixture `postgres_server` is there after the import above in a `conftest.py`, or with `-p runrack.testing.postgres`.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from runrack.errors import NotFoundError, StorageUnavailableError

DSN_VARIABLE = "RUNRACK_TEST_POSTGRES_DSN"

_USER = "runrack"
_SYSTEM_USER = "postgres"
"""As whom the server runs when the tests run as root, whom PostgreSQL refuses."""

_START_SECONDS = 30.0
_POLL_SECONDS = 0.05
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
        _run(_programs() / "psql", "--no-psqlrc", "--quiet", "--command", statement, self.url)


class OwnPostgresServer(PostgresServer):
    """A server of our own, with its data in a new folder; started and stopped at will, on one port of this machine.

    Args:
        settings: Settings of the server that are not as tests need them, such as `fsync`.
    """

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self._settings = {**_SETTINGS, **(settings or {})}
        self._port = _free_port()
        super().__init__(f"postgresql://{_USER}@127.0.0.1:{self._port}/postgres")
        self._folder = Path(tempfile.mkdtemp(prefix="runrack-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(self._folder, _SYSTEM_USER)
        self._process: subprocess.Popen[bytes] | None = None
        options = ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={_USER}"]
        _run(*_as_system_user(_programs() / "initdb", *options, f"--pgdata={self._folder / 'data'}"))

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            StorageUnavailableError: It does not.
        """
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        command = _as_system_user(
            _programs() / "postgres", "-D", self._folder / "data", f"-p{self._port}", *settings
        )
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")  # noqa: S603 - as in _run
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StorageUnavailableError(
                    f"PostgreSQL does not start: {(self._folder / 'log').read_text(errors='replace')}"
                )
            time.sleep(_POLL_SECONDS)

    def crash(self) -> None:
        """Stop the server as a crash would: all connections are cut, nothing is tidied up."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self._end(signal.SIGINT)
        shutil.rmtree(self._folder)

    def _answers(self) -> bool:
        try:
            _run(_programs() / "pg_isready", "-q", "-h127.0.0.1", f"-p{self._port}")
        except subprocess.CalledProcessError:
            return False
        return True

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None


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
    if dsn := os.environ.get(DSN_VARIABLE):
        yield PostgresServer(dsn)
        return
    with own_postgres_server() as server:
        yield server


def _run(*command: str | Path) -> None:
    # The commands are made in this module; the user who runs the tests chooses the address in them.
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, cwd="/")  # noqa: S603


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


def _as_system_user(*command: str | Path) -> list[str | Path]:
    """Return a command that does not run as root, and that ends with this process where the system can see to it."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return list(command)
    user = (
        [f"--reuid={_SYSTEM_USER}", f"--regid={_SYSTEM_USER}", "--init-groups"] if os.geteuid() == 0 else []
    )
    return [setpriv, "--pdeathsig=QUIT", *user, "--", *command]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
