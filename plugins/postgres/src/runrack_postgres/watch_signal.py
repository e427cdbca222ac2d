"""PostgresWatchSignal: wakes the watches of a log when any client of the database has stored events."""

import logging
import selectors
import socket
import time
from collections.abc import Callable
from typing import Any

import psycopg
from typing_extensions import override

from runrack.interfaces.event_watch import WatchSignal

CHANNEL = "runrack_events"
"""Where a transaction that stores events says so; the notification says nothing else."""

POLL_SECONDS = 1.0
"""The longest pause while nobody tells of new events."""

SAFETY_SECONDS = 10.0
RETRY_SECONDS = 15.0

_logger = logging.getLogger("runrack.watch")


class PostgresWatchSignal(WatchSignal):
    """Listens on a connection of its own, and knows of time only as long as it has none.

    Behind a pooler there is nothing to listen on: in transaction mode the connection to the server changes owners, and
    notifications get lost.

    Args:
        connect: Opens a connection in autocommit mode.
        safety_seconds: After how long a wait returns while the server tells of new events: the way to it may break
            without a word.
        retry_seconds: How long after a connection was lost or refused another is tried.
    """

    def __init__(
        self,
        connect: Callable[[], "psycopg.Connection[Any]"],
        safety_seconds: float = SAFETY_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        super().__init__(POLL_SECONDS)
        self._connect = connect
        self._safety_seconds = safety_seconds
        self._retry_seconds = retry_seconds
        self._connection: psycopg.Connection[Any] | None = None
        self._next_attempt = 0.0

    @property
    def is_listening(self) -> bool:
        """Whether the server tells of new events."""
        return self._connection is not None

    @override
    def open(self) -> None:
        self._bell, self._button = socket.socketpair()
        self._bell.settimeout(0)
        self._button.settimeout(0)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._bell, selectors.EVENT_READ)

    @override
    def wait(self, seconds: float) -> None:
        if self._connection is None and time.monotonic() >= self._next_attempt:
            self._listen()
            if self._connection is not None:
                return  # what was stored before is not told of
        ready = self._selector.select(seconds if self._connection is None else self._safety_seconds)
        for key, _ in ready:
            if key.fileobj is self._bell:
                self._bell.recv(4096)
            else:
                self._take_notifications()

    @override
    def wake(self) -> None:
        try:
            self._button.send(b"\0")
        except BlockingIOError:
            return  # it was pressed often enough

    @override
    def close(self) -> None:
        self._hang_up()
        self._next_attempt = 0.0
        for resource in (self._selector, self._bell, self._button):
            resource.close()

    def _listen(self) -> None:
        self._next_attempt = time.monotonic() + self._retry_seconds
        try:
            connection = self._connect()
        except psycopg.Error:
            return  # whoever reads the log will say what is wrong
        try:
            if _is_direct(connection):
                connection.execute(f"LISTEN {CHANNEL}")
                self._socket = connection.fileno()
                self._selector.register(self._socket, selectors.EVENT_READ)
                self._connection = connection
                return
            self._next_attempt = float("inf")
        except psycopg.Error:
            _logger.debug("the connection that should tell of new events was lost at its beginning")
        connection.close()

    def _take_notifications(self) -> None:
        if self._connection is None:
            return
        try:
            for _ in self._connection.notifies(timeout=0):
                pass
        except psycopg.Error:
            _logger.info(
                "the connection that told of new events is lost: looking every second until it is back"
            )
            self._hang_up()

    def _hang_up(self) -> None:
        if self._connection is not None:
            # By its number: a lost connection does not tell it any more.
            self._selector.unregister(self._socket)
            self._connection.close()
            self._connection = None


def _is_direct(connection: "psycopg.Connection[Any]") -> bool:
    """Tell whether the other end is the server itself: a pooler makes up a number for the process that serves us."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return row is not None and row[0] == connection.info.backend_pid
