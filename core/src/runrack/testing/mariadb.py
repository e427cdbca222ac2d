"""A MariaDB server for tests: a real one, started for the tests and gone after them.

`RUNRACK_TEST_MYSQL_URL` names a server that runs already (`mysql://user:password@host:3306/`, for a user who may create
databases); it is used instead, and may be one of MySQL. A test takes a database of its own::

    from runrack.testing.mariadb import mariadb_server

    @pytest.fixture
    def url(mariadb_server):
        with mariadb_server.database() as url:
            yield url

The fixture `mariadb_server` is there after the import above in a `conftest.py`, or with `-p runrack.testing.mariadb`.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from runrack.errors import NotFoundError, StorageUnavailableError

URL_VARIABLE = "RUNRACK_TEST_MYSQL_URL"

_START_SECONDS = 30.0
_POLL_SECONDS = 0.05
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
        _run(_program("mariadb"), *self._address(), f"--execute={statement}")

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


class OwnMariaDBServer(MariaDBServer):
    """A server of our own, with its data in a new folder; started and stopped at will, on one port of this machine.

    Args:
        settings: Option of the server to value, beside those that make it fast.
    """

    def __init__(self, **settings: str) -> None:
        self._port = _free_port()
        super().__init__(f"mysql://root@127.0.0.1:{self._port}")
        self._settings = _SETTINGS | settings
        self._folder = Path(tempfile.mkdtemp(prefix="runrack-mariadb-"))
        self._process: subprocess.Popen[bytes] | None = None
        _run(
            _program("mariadb-install-db"),
            "--no-defaults",
            *_as_current_user(),
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--innodb-log-file-size=16M",
            f"--datadir={self._folder / 'data'}",
        )

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            StorageUnavailableError: It does not.
        """
        command = [
            *_ending_with_this_process(),
            _program("mariadbd"),
            "--no-defaults",
            *_as_current_user(),
            f"--datadir={self._folder / 'data'}",
            f"--port={self._port}",
            f"--socket={self._folder / 'socket'}",
            *(f"--{name}={value}" for name, value in self._settings.items()),
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")  # noqa: S603 - as in _run
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StorageUnavailableError(
                    f"MariaDB does not start: {(self._folder / 'log').read_text(errors='replace')}"
                )
            time.sleep(_POLL_SECONDS)

    def crash(self) -> None:
        """End the server with `kill -9`: all connections are cut, nothing is tidied up."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop the server as an administrator would."""
        self._end(signal.SIGTERM)

    def remove(self) -> None:
        """End the server and delete its data."""
        self._end(signal.SIGKILL)
        shutil.rmtree(self._folder)

    def _answers(self) -> bool:
        try:
            _run(_program("mariadb-admin"), *self._address(), "ping")
        except subprocess.CalledProcessError:
            return False
        return True

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None


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


def _run(*command: str | Path) -> None:
    # The commands are made in this module; the user who runs the tests chooses the address in them.
    subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, cwd="/")  # noqa: S603


def _program(name: str) -> str:
    """Return the path of one of MariaDB's programs; the server's is not on every user's PATH."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise NotFoundError(
            "the programs of a MariaDB server are not installed: install Debian's `mariadb-server`,"
            f" or put the folder of `{name}` on PATH"
        )
    return found


def _as_current_user() -> list[str]:
    """Return the option without which the server refuses to run as root."""
    return ["--user=root"] if os.geteuid() == 0 else []


def _ending_with_this_process() -> list[str]:
    """Return what makes a command end with this process, where the system can see to it."""
    setpriv = shutil.which("setpriv")
    return [] if setpriv is None else [setpriv, "--pdeathsig=KILL", "--"]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
