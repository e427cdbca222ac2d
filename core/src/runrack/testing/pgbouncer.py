"""A PgBouncer in transaction mode for tests: each transaction of a client may be served by another connection.

It stands before the server of `runrack.testing.postgres`::

    from runrack.testing.pgbouncer import pgbouncer

    @pytest.fixture
    def url(pgbouncer, postgres_server):
        with postgres_server.database() as url:
            yield pgbouncer.url_of(url)
"""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from runrack.errors import StorageUnavailableError
from runrack.testing.postgres import PostgresServer
from runrack.testing.server_process import ending_with_this_process, find_program, free_port, is_root

_SYSTEM_USER = "nobody"
"""As whom it runs when the tests run as root, whom PgBouncer refuses."""

_START_SECONDS = 30.0
_POLL_SECONDS = 0.02
_SERVER_CONNECTIONS = 4
"""Fewer than the clients of most tests, so that they do take turns."""

_CONFIGURATION = """\
[databases]
* = host={host} port={port} user={user}{password}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
"""


class PgBouncer:
    """A running PgBouncer.

    Args:
        port: On which port of this machine it listens.
    """

    def __init__(self, port: int) -> None:
        self.port = port

    def url_of(self, url: str) -> str:
        """Return the URL that leads through it to the database of `url`."""
        parts = urlsplit(url)
        return parts._replace(netloc=f"{parts.username}@127.0.0.1:{self.port}").geturl()


@contextmanager
def own_pgbouncer(server: PostgresServer) -> Iterator[PgBouncer]:
    """Give a running PgBouncer before `server`, removed at the end.

    Raises:
        NotFoundError: The program is not installed.
        StorageUnavailableError: It does not start.
    """
    with tempfile.TemporaryDirectory(prefix="runrack-pgbouncer-") as name:
        folder, port = Path(name), free_port()
        (folder / "pgbouncer.ini").write_text(_configuration(server.url, port))
        if is_root():
            for path in (folder, folder / "pgbouncer.ini"):
                shutil.chown(path, _SYSTEM_USER)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(_command(folder / "pgbouncer.ini"), stdout=log, stderr=log, cwd="/")  # noqa: S603
        try:
            _wait_until_it_listens(process, port, folder / "log")
            yield PgBouncer(port)
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def pgbouncer(postgres_server: PostgresServer) -> Iterator[PgBouncer]:
    """A running PgBouncer before `postgres_server`, the same for all tests."""
    with own_pgbouncer(postgres_server) as bouncer:
        yield bouncer


def _configuration(url: str, listen_port: int) -> str:
    parts = urlsplit(url)
    return _CONFIGURATION.format(
        host=parts.hostname,
        port=parts.port or 5432,
        user=parts.username,
        password=f" password={unquote(parts.password)}" if parts.password else "",
        listen_port=listen_port,
        pool_size=_SERVER_CONNECTIONS,
    )


def _command(configuration: Path) -> list[str | Path]:
    program = find_program("pgbouncer", "pgbouncer")
    return ending_with_this_process(
        [program, configuration], signal.SIGKILL, _SYSTEM_USER if is_root() else None
    )


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise StorageUnavailableError(
                    f"PgBouncer does not start: {log.read_text(errors='replace')}"
                ) from error
        else:
            return
        time.sleep(_POLL_SECONDS)
