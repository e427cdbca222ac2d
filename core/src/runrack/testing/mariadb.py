"""A MariaDB server for tests: a real one, started for the tests and gone after them.

`RUNRACK_TEST_MARIADB_URL` names a server that runs already (`mysql://user:password@host:3306/`, for a user who may create
databases); it is used instead, and may be one of MySQL. A test takes a database of its own::

    @pytest.fixture
    def url(mariadb_server):
        with mariadb_server.database() as url:
            yield url

The fixture `mariadb_server` is there with `-p runrack.testing.pytest_plugin`.
"""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import pytest
from typing_extensions import override

from runrack.testing.database_server import DatabaseServer, OwnDatabaseServer, running, server_for_tests
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


class MariaDBServer(DatabaseServer):
    """A running server.

    Args:
        url: How to reach it, as a user who may create databases.
    """

    @override
    def run(self, statement: str) -> None:
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


class OwnMariaDBServer(MariaDBServer, OwnDatabaseServer):
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

    @override
    def crash(self) -> None:
        self.end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop the server as an administrator would."""
        self.end(signal.SIGTERM)


def own_mariadb_server(**settings: str) -> AbstractContextManager[OwnMariaDBServer]:
    """Give a running server of our own, removed at the end.

    Args:
        settings: As for `OwnMariaDBServer`.
    """
    return running(lambda: OwnMariaDBServer(**settings))


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[DatabaseServer]:
    """A running server, the same for all tests: the one that the environment names, or one of our own."""
    with server_for_tests(URL_VARIABLE, MariaDBServer, own_mariadb_server) as server:
        yield server


def _program(name: str) -> Path:
    return find_program(name, "mariadb-server")


def _as_current_user() -> list[str]:
    """Return the option without which the server refuses to run as root."""
    return ["--user=root"] if is_root() else []
