"""What the steps of a run wrote to stdout and stderr, as it is kept."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field

from runrack.instance.instance import Instance
from runrack.interfaces.compute_log_manager import ComputeIOType
from runrack.records.event_data import ComputeLogsCaptureData
from runrack.records.event_type import EventType

_PIECE_BYTES = 64 * 1024


@dataclass
class CapturedStream:
    """One stream of one step, read from its beginning to what is there.

    Attributes:
        step: The step, or several that wrote into one log.
        log_key: What the compute log manager knows it by.
        io_type: Which stream.
    """

    step: str
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


def list_streams(instance: Instance, run_id: str) -> list[CapturedStream]:
    """Return the streams that were captured in a run, in the order in which their capture began."""
    streams = []
    for entry in instance.all_logs(run_id, of_type=EventType.LOGS_CAPTURED):
        payload = entry.get_event().event_specific_data
        if isinstance(payload, ComputeLogsCaptureData):
            step = ", ".join(payload.step_keys) or entry.step_key or payload.log_key[-1]
            streams += [CapturedStream(step, payload.log_key, io_type) for io_type in ComputeIOType]
    return streams
