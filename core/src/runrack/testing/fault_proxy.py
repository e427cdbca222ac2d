"""A way to a server that does damage on demand: slow, stalled, or reset at a byte of choice.

A test puts it before a database and arms it for the moment that it is about::

    with fault_proxy(url) as (proxy, through):
        storage = PostgresStorage(through)
        proxy.reset_reply_to(COMMIT, after_bytes=5)
        storage.store_events([entry])

The bytes must pass unencrypted, or there is nothing to recognize.
"""

import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

COMMIT = re.compile(rb"COMMIT(?!TED)")  # the isolation level "read committed" is none
"""What a request to end a transaction holds, in the protocols of PostgreSQL and MySQL."""

_BLOCK = 65536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class _Fault:
    request: re.Pattern[bytes]
    after_bytes: int
    is_in_reply: bool


class FaultProxy:
    """Passes bytes on between clients and a server.

    Args:
        server: Host and port of the server.

    Attributes:
        delay_seconds: How long each block of a reply is kept back.
    """

    def __init__(self, server: tuple[str, int]) -> None:
        self.delay_seconds = 0.0
        self._server = server
        self._fault: _Fault | None = None
        self._flows = threading.Event()
        self._flows.set()
        self._lock = threading.Lock()

    @property
    def is_armed(self) -> bool:
        """Whether a fault was ordered that did not happen yet."""
        return self._fault is not None

    def reset_reply_to(self, request: re.Pattern[bytes], after_bytes: int = 0) -> None:
        """Reset the connection after so many bytes of the reply to the next request that holds this pattern."""
        self._fault = _Fault(request, after_bytes, is_in_reply=True)

    def reset_request(self, request: re.Pattern[bytes], after_bytes: int = 0) -> None:
        """Reset the connection after so many bytes of the next request that holds this pattern: it is not carried out."""
        self._fault = _Fault(request, after_bytes, is_in_reply=False)

    def stall(self) -> None:
        """Hold all replies back until `resume`, as a network does that loses every packet."""
        self._flows.clear()

    def resume(self) -> None:
        """Let replies pass again."""
        self._flows.set()

    def serve(self, listener: socket.socket) -> None:
        """Pass connections on until the listener is shut down."""
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve_one, args=(client,), daemon=True).start()

    def let_reply_pass(self) -> None:
        """Return when a block of a reply may pass."""
        self._flows.wait()
        if self.delay_seconds:
            time.sleep(self.delay_seconds)

    def take_fault(self, block: bytes) -> _Fault | None:
        """Return the fault that was ordered for a request that holds this, once."""
        with self._lock:
            fault = self._fault
            if fault is None or not fault.request.search(block):
                return None
            self._fault = None
            return fault

    def _serve_one(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._server) as server:
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            passage = _Passage(self, client, server)
            replies = threading.Thread(target=passage.pass_replies_on, daemon=True)
            replies.start()
            passage.pass_requests_on()
            replies.join()


class _Passage:
    """One connection of a client, and the one to the server that belongs to it."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._reply_bytes_left: int | None = None
        self._is_reset = False

    def pass_requests_on(self) -> None:
        with suppress(OSError):
            while block := self._client.recv(_BLOCK):
                fault = self._proxy.take_fault(block)
                if fault is not None and not fault.is_in_reply:
                    self._reply_bytes_left = 0
                    self._server.sendall(block[: fault.after_bytes])
                    self._reset()
                    break
                if fault is not None:
                    self._reply_bytes_left = fault.after_bytes
                self._server.sendall(block)
        _shut_down(self._server)

    def pass_replies_on(self) -> None:
        with suppress(OSError):
            while block := self._server.recv(_BLOCK):
                self._proxy.let_reply_pass()
                if self._reply_bytes_left is None:
                    self._client.sendall(block)
                    continue
                self._client.sendall(block[: self._reply_bytes_left])
                self._reply_bytes_left -= len(block)
                if self._reply_bytes_left <= 0:
                    self._reset()
                    break
        if not self._is_reset:
            _shut_down(self._client)

    def _reset(self) -> None:
        """Let the client be told that the connection is broken, not that it has ended, when its socket is closed."""
        self._is_reset = True
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._client.shutdown(socket.SHUT_RD)


@contextmanager
def fault_proxy(url: str) -> Iterator[tuple[FaultProxy, str]]:
    """Give a proxy that does no damage yet, and the URL that leads through it to the server of `url`."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 0
    proxy = FaultProxy((host, port))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=proxy.serve, args=(listener,))
        thread.start()
        through = parts.netloc.rpartition(f"{host}:{port}")[0] + f"127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield proxy, parts._replace(netloc=through).geturl()
        finally:
            proxy.resume()
            _shut_down(listener)
            thread.join()


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
