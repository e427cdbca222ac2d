"""LoopState: how a loop of this daemon gets on."""

from __future__ import annotations

from collections import deque

from runrack.daemon.clock import Clock
from runrack.records.error_info import SerializableErrorInfo, error_info_from_exception

KEPT_ERRORS = 5
ERROR_SECONDS = 3600.0
"""For how long an error is shown."""


class LoopState:
    """How a loop gets on: written by the thread of the loop, read by those that watch it.

    Attributes:
        name: The loop.
        rounds: How many rounds it has done.
        failures: How many of them in a row have failed, up to the last one.
        last_progress: When it last got on, in seconds since 1970.

    Args:
        name: The loop.
        clock: Tells the time.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.rounds = 0
        self.failures = 0
        self.last_progress = clock.now()
        self._clock = clock
        self._progress_at = clock.steady()
        self._errors: deque[tuple[float, SerializableErrorInfo]] = deque(maxlen=KEPT_ERRORS)

    def report_progress(self) -> None:
        """Note that the loop gets on."""
        self.last_progress = self._clock.now()
        self._progress_at = self._clock.steady()

    def note_success(self) -> None:
        """Note that a round went well."""
        self.rounds += 1
        self.failures = 0
        self.report_progress()

    def note_failure(self, error: BaseException) -> None:
        """Note that a round failed: that is no progress."""
        self.rounds += 1
        self.failures += 1
        self._errors.append((self._clock.steady(), error_info_from_exception(error)))

    def seconds_without_progress(self) -> float:
        """Return for how long the loop has not got on."""
        return self._clock.steady() - self._progress_at

    @property
    def errors(self) -> tuple[SerializableErrorInfo, ...]:
        """The errors of the last hour, oldest first; the five newest at most."""
        since = self._clock.steady() - ERROR_SECONDS
        return tuple(error for moment, error in tuple(self._errors) if moment >= since)
