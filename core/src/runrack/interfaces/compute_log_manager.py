"""ComputeLogManager: captures and returns what steps write to stdout and stderr."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import IO

from runrack.errors import InvalidArgumentError
from runrack.interfaces.part import InstancePart
from runrack.records.record import Record

LogKey = Sequence[str]
"""Names one capture, from general to particular: run id, "compute_logs", step key. Any text is allowed in it."""


class ComputeIOType(StrEnum):
    """Which stream."""

    STDOUT = "stdout"
    STDERR = "stderr"


class CapturedLogContext(Record, frozen=True):
    """What a running capture tells about itself.

    Attributes:
        log_key: The key to ask with.
        external_url: Where a person finds both streams, when somewhere else keeps them.
        external_stdout_url, external_stderr_url: The same, each stream on its own; not together with `external_url`.
        shell_cmd: A command that shows the log.
    """

    log_key: tuple[str, ...]
    external_url: str | None = None
    external_stdout_url: str | None = None
    external_stderr_url: str | None = None
    shell_cmd: str | None = None

    def __post_init__(self) -> None:
        if self.external_url is not None and (self.external_stdout_url or self.external_stderr_url):
            raise InvalidArgumentError("give external_url, or the addresses of the single streams, not both")


class CapturedLogData(Record, frozen=True):
    """A piece of a log.

    Attributes:
        log_key: Which log.
        stdout, stderr: Bytes from the cursor on; None when that stream was never captured.
        cursor: Where the next piece begins.
    """

    log_key: tuple[str, ...]
    stdout: bytes | None = None
    stderr: bytes | None = None
    cursor: str | None = None


class CapturedLogMetadata(Record, frozen=True):
    """Where a log lies, for people, and where it can be fetched."""

    stdout_location: str | None = None
    stderr_location: str | None = None
    stdout_download_url: str | None = None
    stderr_download_url: str | None = None


LogObserver = Callable[[CapturedLogData], None]


class CapturedLogSubscription(ABC):
    """A live view of a log: its observer gets every piece, in order, until the capture is complete."""

    @property
    @abstractmethod
    def is_complete(self) -> bool:
        """Whether the capture is complete and its last piece was delivered."""

    @abstractmethod
    def dispose(self) -> None:
        """Stop delivering. Harmless when repeated."""


class ComputeLogManager(InstancePart, ABC):
    """Captures stdout and stderr and gives them back, by log key.

    Bytes are kept as they were written. Names are data: any key is turned into a safe place, on reading, writing and
    deleting alike, and never reaches outside of the manager's own.
    """

    @abstractmethod
    def capture_logs(self, log_key: LogKey) -> AbstractContextManager[CapturedLogContext]:
        """Return a context in which all that this process and its children write is captured under the key.

        - Capturing works at the level of file descriptors, so output of C code and of children is included.
        - What was captured under the key before is kept; new output is added to it.
        - When the context ends, however it ends, all bytes are stored and the capture is complete.
        """

    @abstractmethod
    def open_log_stream(
        self, log_key: LogKey, io_type: ComputeIOType
    ) -> AbstractContextManager[IO[bytes] | None]:
        """Return a context that gives a stream to add bytes under the key; None where nothing is kept.

        - It does not make the capture complete.
        """

    @abstractmethod
    def is_capture_complete(self, log_key: LogKey) -> bool:
        """Tell whether a capture under the key has ended."""

    @abstractmethod
    def get_log_data_for_type(
        self, log_key: LogKey, io_type: ComputeIOType, offset: int = 0, max_bytes: int | None = None
    ) -> tuple[bytes | None, int]:
        """Return bytes of one stream from `offset` on, at most `max_bytes`, and where they end.

        - A stream that was never captured gives None and the offset as given; one that is read past its end gives no
          bytes and the offset as given.

        Raises:
            InvalidArgumentError: `offset` or `max_bytes` is negative.
        """

    @abstractmethod
    def get_log_metadata(self, log_key: LogKey) -> CapturedLogMetadata:
        """Return where the log lies; also for a log that does not exist yet."""

    @abstractmethod
    def delete_logs(self, log_key: LogKey | None = None, prefix: LogKey | None = None) -> None:
        """Remove one log, or all logs whose keys begin with the whole parts of `prefix`. Absent logs are no error.

        Raises:
            InvalidArgumentError: Not exactly one of the two is given.
        """

    @abstractmethod
    def subscribe(
        self, log_key: LogKey, observer: LogObserver, cursor: str | None = None
    ) -> CapturedLogSubscription:
        """Deliver the log from `cursor` on to `observer`, live, until it is complete or the subscription disposed."""

    def get_log_data(
        self, log_key: LogKey, cursor: str | None = None, max_bytes: int | None = None
    ) -> CapturedLogData:
        """Return both streams from `cursor` on, at most `max_bytes` of each.

        Raises:
            InvalidArgumentError: The cursor is malformed.
        """
        out_offset, err_offset = parse_log_cursor(cursor)
        stdout, out_end = self.get_log_data_for_type(log_key, ComputeIOType.STDOUT, out_offset, max_bytes)
        stderr, err_end = self.get_log_data_for_type(log_key, ComputeIOType.STDERR, err_offset, max_bytes)
        return CapturedLogData(tuple(log_key), stdout, stderr, f"{out_end}:{err_end}")

    def build_log_key_for_run(self, run_id: str, step_key: str, retry_number: int = 0) -> tuple[str, ...]:
        """Return the log key of an attempt at a step of a run: the first, or a later one, which has a log of its own."""
        key = (run_id, "compute_logs", step_key)
        return (*key, f"retry {retry_number}") if retry_number else key


def parse_log_cursor(cursor: str | None) -> tuple[int, int]:
    """Return the offsets into stdout and stderr that `cursor` ("out:err") holds; 0 and 0 for None.

    Raises:
        InvalidArgumentError: The cursor is malformed.
    """
    if cursor is None:
        return 0, 0
    out, colon, err = cursor.partition(":")
    if not colon or not out.isdecimal() or not err.isdecimal():
        raise InvalidArgumentError("this is no log cursor: pass the cursor of an earlier piece, or none")
    return int(out), int(err)
