"""The way of a step's events from the process that executes it to the run's own process, which stores them.

One writer for each run: the order of events is the order in which they arrive, and the storage sees one connection. A
batch of entries is one message; it is answered when it is stored, so that what a step was told is stored survives the death of both.
Each message is a length of four bytes and JSON; a length of zero ends the conversation.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence

import msgspec

from runrack.errors import ExecutionInterruptedError
from runrack.records.event import EventLogEntry, EventLogRecord

_LENGTH = struct.Struct("!I")
_STORED = b"+"
_PIECE_BYTES = 1 << 18

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[EventLogEntry])


def send_message(channel: socket.socket, content: bytes) -> None:
    """Send one message: a length and what follows."""
    channel.sendall(_LENGTH.pack(len(content)) + content)


def receive_message(channel: socket.socket) -> bytes:
    """Return the next message, waiting for it.

    Raises:
        EOFError: The other side is gone.
    """
    (length,) = _LENGTH.unpack(_receive_exactly(channel, _LENGTH.size))
    return _receive_exactly(channel, length)


class RemoteLog:
    """The log of a run as the process of one of its steps sees it: what is written goes to the run's process.

    Args:
        channel: A stream socket whose other end the run's process reads with a `StepChannel`.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def handle_new_events(
        self, entries: Sequence[EventLogEntry], *, epoch: int | None = None
    ) -> Sequence[EventLogRecord]:
        """Have the entries stored; they are when the call returns.

        Args:
            entries: The entries, in order.
            epoch: Not used: the run's process has the claim on the run.

        Raises:
            ExecutionInterruptedError: The run's process is gone: nobody waits for this step any more.
        """
        del epoch
        try:
            send_message(self._channel, _encoder.encode(list(entries)))
            _receive_exactly(self._channel, len(_STORED))
        except (OSError, EOFError):
            raise ExecutionInterruptedError("the process of the run is gone") from None
        return ()

    def finish(self) -> None:
        """Say that nothing follows."""
        self._channel.sendall(_LENGTH.pack(0))


class StepChannel:
    """The end of the run's process: receives entries without waiting, and confirms them.

    Args:
        channel: A stream socket.

    Attributes:
        is_finished: Whether the other side has said that nothing follows.
        is_closed: Whether nothing can follow, because the other side is gone.
    """

    def __init__(self, channel: socket.socket) -> None:
        channel.settimeout(0)
        self._channel = channel
        self._buffer = bytearray()
        self._unconfirmed = 0
        self.is_finished = False
        self.is_closed = False

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._channel.fileno()

    def receive(self) -> list[EventLogEntry]:
        """Return the entries that have arrived."""
        self._fill()
        entries: list[EventLogEntry] = []
        while (message := self._next_message()) is not None:
            if message:
                entries += _decoder.decode(message)
                self._unconfirmed += 1
            else:
                self.is_finished = True
        return entries

    def confirm(self) -> None:
        """Say that everything which was received is stored."""
        if not self._unconfirmed:
            return
        try:
            self._channel.send(_STORED * self._unconfirmed)
        except OSError:  # the step is gone, and will not miss it
            self.is_closed = True
        self._unconfirmed = 0

    def close(self) -> None:
        """Hang up."""
        self._channel.close()

    def _fill(self) -> None:
        while not self.is_closed:
            try:
                piece = self._channel.recv(_PIECE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                piece = b""
            self.is_closed = not piece
            self._buffer += piece
            if len(piece) < _PIECE_BYTES:
                return

    def _next_message(self) -> bytes | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        message = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return message


def _receive_exactly(channel: socket.socket, number: int) -> bytes:
    received = bytearray()
    while len(received) < number:
        piece = channel.recv(number - len(received))
        if not piece:
            raise EOFError
        received += piece
    return bytes(received)
