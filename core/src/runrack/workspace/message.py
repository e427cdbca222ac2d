"""What the process of a code location and those who use it say to each other.

Each message is a length of four bytes and JSON. A question brings a descriptor along: a socket, on which it is answered, so that
any number of questions are open at once, and an answer that nobody waits for any more disturbs nobody.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from typing import Any

import msgspec

from runrack.interfaces.workspace import LocationContents, StartRunRequest, TickRequest, TickResult
from runrack.records.record import Record
from runrack.workspace.location_target import LocationTarget

_LENGTH = struct.Struct("!I")


class LoadOrder(Record, frozen=True, tag="load"):
    """What the process of a location is told first.

    Attributes:
        target: What to load.
        instance_ref: The instance whose parts the runs need: their code is loaded as well.
    """

    target: LocationTarget
    instance_ref: Mapping[str, Any] | None = None


class FileStamp(Record, frozen=True):
    """A file as it was when it was loaded; size and time are -1 for one that is missing."""

    path: str
    modified_ns: int
    size: int


class LoadOutcome(Record, frozen=True, tag="loaded"):
    """What came of loading a location.

    Attributes:
        contents: What it holds; None when its code cannot be loaded.
        error: Why it cannot.
        files: The files that its code comes from.
    """

    contents: LocationContents | None
    error: str | None = None
    files: tuple[FileStamp, ...] = ()


class TickQuestion(Record, frozen=True, tag="tick"):
    """A schedule or a sensor is asked."""

    request: TickRequest
    timeout_seconds: float


class PartitionQuestion(Record, frozen=True, tag="partitions"):
    """The keys of a job's partitions are asked for."""

    job_name: str
    instance_ref: Mapping[str, Any] | None
    timeout_seconds: float


class RunOrder(Record, frozen=True, tag="run"):
    """The worker of a run is to be started."""

    request: StartRunRequest


Question = TickQuestion | PartitionQuestion | RunOrder


class TickAnswer(Record, frozen=True, tag="tick"):
    """What a schedule or a sensor answered; None for one that there is not."""

    result: TickResult | None


class PartitionAnswer(Record, frozen=True, tag="partitions"):
    """The keys of a job's partitions; None for a job that there is not, with the error when they cannot be told."""

    keys: tuple[str, ...] | None = None
    error: str | None = None


class RunAnswer(Record, frozen=True, tag="run"):
    """The process of a run; None when none can be started."""

    pid: int | None


Answer = TickAnswer | PartitionAnswer | RunAnswer

_encoder = msgspec.json.Encoder()
_questions: msgspec.json.Decoder[Question] = msgspec.json.Decoder(Question)
_answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
_orders = msgspec.json.Decoder(LoadOrder)
_outcomes = msgspec.json.Decoder(LoadOutcome)


def send(channel: socket.socket, message: Record) -> None:
    """Send one message."""
    content = _encoder.encode(message)
    channel.sendall(_LENGTH.pack(len(content)) + content)


def send_question(control: socket.socket, question: Question, channel: socket.socket) -> None:
    """Send a question, together with the socket on which it is to be answered."""
    content = _encoder.encode(question)
    socket.send_fds(control, [_LENGTH.pack(len(content))], [channel.fileno()])
    control.sendall(content)


def receive_question(control: socket.socket) -> tuple[Question, socket.socket]:
    """Return the next question and the socket on which it is to be answered, waiting for it.

    Raises:
        EOFError: Nobody is there to ask.
    """
    head, descriptors, _, _ = socket.recv_fds(control, _LENGTH.size, 1)
    if not head:
        raise EOFError
    channel = socket.socket(fileno=descriptors[0])
    head += _receive_exactly(control, _LENGTH.size - len(head))
    return _questions.decode(_receive_exactly(control, *_LENGTH.unpack(head))), channel


def receive_answer(channel: socket.socket) -> Answer:
    """Return the answer, waiting for it as long as the socket's timeout says.

    Raises:
        EOFError: There is none: the process that was asked has died.
        TimeoutError: There is none yet.
    """
    return _answers.decode(_receive(channel))


def receive_order(control: socket.socket) -> LoadOrder:
    """Return what the process of a location is told first. Raises as `receive_question`."""
    return _orders.decode(_receive(control))


def receive_outcome(control: socket.socket) -> LoadOutcome:
    """Return what came of loading a location. Raises as `receive_answer`."""
    return _outcomes.decode(_receive(control))


def _receive(channel: socket.socket) -> bytes:
    return _receive_exactly(channel, *_LENGTH.unpack(_receive_exactly(channel, _LENGTH.size)))


def _receive_exactly(channel: socket.socket, number: int) -> bytes:
    received = bytearray()
    while len(received) < number:
        piece = channel.recv(number - len(received))
        if not piece:
            raise EOFError
        received += piece
    return bytes(received)
