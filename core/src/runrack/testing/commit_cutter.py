"""A way to a database that breaks at the worst moment: the commit arrives, and its reply does not."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_COMMIT = re.compile(rb"COMMIT(?!TED)")  # the isolation level "read committed" is none
_BLOCK = 65536


class CommitCutter:
    """Passes everything on, except for the reply to a commit when it is armed: then it cuts the connection.

    Args:
        server: Host and port of the database.

    Attributes:
        is_armed: Whether the next commit is cut; false again after that.
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self.is_armed = False

    def serve(self, listener: socket.socket) -> None:
        """Pass connections on until the listener is shut down."""
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve_one, args=(client,), daemon=True).start()

    def _serve_one(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            replies = threading.Thread(target=_pass_on, args=(server, client))
            replies.start()
            self._pass_requests_on(client, server)
            replies.join()

    def _pass_requests_on(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while request := client.recv(_BLOCK):
                if self.is_armed and _COMMIT.search(request):
                    self.is_armed = False
                    _shut_down(client)
                server.sendall(request)
        _shut_down(server)


@contextmanager
def commit_cutter(url: str) -> Iterator[tuple[CommitCutter, str]]:
    """Give a cutter, and the URL that leads through it to the database of `url`."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 0
    cutter = CommitCutter((host, port))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=cutter.serve, args=(listener,))
        thread.start()
        through = parts.netloc.rpartition(f"{host}:{port}")[0] + f"127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield cutter, parts._replace(netloc=through).geturl()
        finally:
            _shut_down(listener)
            thread.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_BLOCK):
            target.sendall(data)
    _shut_down(target)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
