"""TickLog: what became of each tick of a schedule or sensor, in a file on this machine."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from runrack.config.secret import redact
from runrack.records.tick import InstigatorTick

MAX_BYTES = 1_000_000
"""When the file is larger it becomes `scheduler.log.1`, in place of an earlier one."""


class TickLog:
    """Appends lines to a file. A disk that is full or read-only never stops a tick.

    Args:
        path: The file.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def write(self, tick: InstigatorTick, message: str) -> None:
        """Add a line: now, the tick, when it was due, and the message."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        due = datetime.fromtimestamp(tick.timestamp, UTC).isoformat(timespec="seconds")
        text = redact(message).rstrip().replace("\n", "\n    ")
        with suppress(OSError):
            self._turn_over()
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{now} tick {tick.tick_id} due {due}: {text}\n")

    def _turn_over(self) -> None:
        if self._path.exists() and self._path.stat().st_size > MAX_BYTES:
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
