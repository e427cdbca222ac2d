"""What the steps of a run wrote to stdout and stderr, as it is kept."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from runrack.instance.instance import Instance
from runrack.interfaces.compute_log_manager import ComputeIOType
from runrack.records.event import EventLogEntry
from runrack.records.event_data import ComputeLogsCaptureData
from runrack.records.event_type import EventType

_PIECE_BYTES = 64 * 1024
_PAGE = 500


@dataclass
class CapturedStream:
    """One stream of one step, read from its beginning to what is there.

    Attributes:
        step: The step, or several that wrote into one log.
        attempt: Which attempt at the step, from 1.
        log_key: What the compute log manager knows it by.
        io_type: Which stream.
    """

    step: str
    attempt: int
    log_key: tuple[str, ...]
    io_type: ComputeIOType
    _offset: int = 0
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )

    def read(self, instance: Instance) -> Iterator[bytes]:
        """Yield what was added since the last call, in pieces."""
        while True:
            piece, end = instance.compute_log_manager.get_log_data_for_type(
                self.log_key, self.io_type, self._offset, _PIECE_BYTES
            )
            if not piece:
                return
            self._offset = end
            yield piece

    def decode(self, piece: bytes, *, is_last: bool = False) -> str:
        """Return the text of the next piece; a character that it cuts in two comes with the piece after it."""
        return self._decoder.decode(piece, is_last)


class CapturedStreams:
    """Finds the streams that are captured in a run, in the order in which their capture begins.

    Args:
        instance: Where the run is stored.
        run_id: The run.
    """

    def __init__(self, instance: Instance, run_id: str) -> None:
        self._instance = instance
        self._run_id = run_id
        self._cursor: str | None = None
        self._logs: dict[tuple[str, ...], list[CapturedStream]] = {}
        self._attempts: Counter[str] = Counter()

    @property
    def steps(self) -> list[str]:
        """The steps whose output was captured, as far as they were found."""
        return list(self._attempts)

    def find_begun(self) -> list[CapturedStream]:
        """Return the streams whose capture has begun since the last call; a log that is added to comes once more."""
        begun: list[CapturedStream] = []
        has_more = True
        while has_more:
            page = self._instance.get_records_for_run(
                self._run_id, self._cursor, of_type=EventType.LOGS_CAPTURED, limit=_PAGE
            )
            for record in page.records:
                begun += self._streams_of(record.event_log_entry)
            self._cursor, has_more = page.cursor, page.has_more
        return begun

    def _streams_of(self, entry: EventLogEntry) -> list[CapturedStream]:
        payload = entry.get_event().event_specific_data
        if not isinstance(payload, ComputeLogsCaptureData):
            return []
        if payload.log_key not in self._logs:
            step = ", ".join(payload.step_keys) or entry.step_key or payload.log_key[-1]
            self._attempts[step] += 1
            self._logs[payload.log_key] = [
                CapturedStream(step, self._attempts[step], payload.log_key, io_type)
                for io_type in ComputeIOType
            ]
        return self._logs[payload.log_key]
