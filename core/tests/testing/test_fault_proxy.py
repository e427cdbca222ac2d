"""The fault proxy does what a test orders, no sooner and once."""

import re
import socket
import threading
from contextlib import contextmanager

import pytest

from runrack.testing.fault_proxy import COMMIT, fault_proxy

REQUEST = re.compile(b"request")


@contextmanager
def echo_server():
    """Answers each request with itself between brackets; gives its URL and the requests that have arrived."""
    arrived = []

    def serve_one(connection):
        with connection:
            while block := connection.recv(100):
                arrived.append(block)
                connection.sendall(b"[" + block + b"]")

    def serve(listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve_one, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield f"echo://127.0.0.1:{listener.getsockname()[1]}/", arrived
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def way():
    """A proxy, what opens connections through it, and what has arrived at the server behind it."""
    with echo_server() as (url, arrived), fault_proxy(url) as (proxy, through):
        port = int(through.rpartition(":")[2].rstrip("/"))
        yield proxy, lambda: socket.create_connection(("127.0.0.1", port), timeout=30), arrived


def test_without_an_order_all_passes(way):
    """Requests and replies pass unchanged, and so does the end of a connection."""
    proxy, connect, arrived = way
    with connect() as connection:
        connection.sendall(b"request")
        assert connection.recv(100) == b"[request]"
    assert arrived == [b"request"]
    assert not proxy.is_armed


@pytest.mark.parametrize("count", range(9))
def test_a_reply_is_cut_at_the_byte_that_was_ordered(way, count):
    """The server gets the request; the client gets so many bytes of the reply and then a reset, once."""
    proxy, connect, arrived = way
    proxy.reset_reply_to(REQUEST, after_bytes=count)
    with connect() as connection:
        connection.sendall(b"other")
        assert connection.recv(100) == b"[other]"
        assert proxy.is_armed
        connection.sendall(b"request")
        assert receive_until_reset(connection) == b"[request]"[:count]
    assert not proxy.is_armed
    assert arrived == [b"other", b"request"]
    with connect() as connection:
        connection.sendall(b"request")
        assert connection.recv(100) == b"[request]"


def test_a_request_is_cut_before_it_is_complete(way):
    """The server gets the bytes that were ordered, and the client a reset."""
    proxy, connect, arrived = way
    proxy.reset_request(REQUEST, after_bytes=3)
    with connect() as connection:
        connection.sendall(b"request")
        assert receive_until_reset(connection) == b""
    assert b"".join(arrived) in {b"", b"req"}


def test_a_stalled_reply_comes_when_the_way_is_free(way):
    """Replies wait for `resume`, and are complete then."""
    proxy, connect, _ = way
    proxy.stall()
    with connect() as connection:
        connection.sendall(b"request")
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(100)
        proxy.resume()
        connection.settimeout(30)
        assert connection.recv(100) == b"[request]"


@pytest.mark.parametrize(("sent", "is_commit"), [(b"Q\x00\x00COMMIT\x00", True), (b"READ COMMITTED", False)])
def test_a_commit_is_recognized(sent, is_commit):
    """An isolation level is no commit."""
    assert bool(COMMIT.search(sent)) is is_commit


def receive_until_reset(connection):
    received = []
    with pytest.raises(ConnectionResetError):
        received.extend(iter(lambda: connection.recv(1), b""))
    return b"".join(received)
