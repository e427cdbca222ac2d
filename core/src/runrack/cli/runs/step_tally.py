"""StepTally: how far the steps of a run have come, counted from its events as they happen."""

from __future__ import annotations

from collections import Counter

from runrack.records.event import EventLogEntry
from runrack.records.event_type import EventType

STARTS = frozenset({EventType.STEP_START, EventType.STEP_RESTARTED})
ENDS = frozenset({EventType.STEP_SUCCESS, EventType.STEP_FAILURE, EventType.STEP_SKIPPED})

_WORDS = {
    EventType.STEP_SUCCESS: "succeeded",
    EventType.STEP_FAILURE: "failed",
    EventType.STEP_SKIPPED: "skipped",
}


class StepTally:
    """How far the steps of a run have come.

    Args:
        step_count: How many steps the plan has; a run has more where a step stands for any number of items.

    Attributes:
        running: The key of each step that runs, with the time at which it began, in seconds since 1970.
        waiting: The keys of steps that failed and are to be tried again.
        retries: How many times a step was to be tried again.
    """

    def __init__(self, step_count: int) -> None:
        self._step_count = step_count
        self._ends: Counter[EventType] = Counter()
        self.running: dict[str, float] = {}
        self.waiting: dict[str, None] = {}
        self.retries = 0

    def count(self, entry: EventLogEntry) -> float:
        """Take an entry of the run's log into account, and return how many seconds the step has run that it ends, or 0."""
        event_type, key = entry.event_type, entry.step_key or ""
        if event_type in STARTS:
            self.waiting.pop(key, None)
            self.running[key] = entry.timestamp
            return 0.0
        if event_type is EventType.STEP_UP_FOR_RETRY:
            self.retries += 1
            self.waiting[key] = None
        elif event_type in ENDS:
            self._ends[event_type] += 1
            self.waiting.pop(key, None)
        else:
            return 0.0
        return max(0.0, entry.timestamp - self.running.pop(key, entry.timestamp))

    def count_of(self, event_type: EventType) -> int:
        """Return how many steps have ended with an event of this type."""
        return self._ends[event_type]

    def progress_text(self) -> str:
        """Return what has been done of what is known: `3 of 7 steps, 2 running, 1 failed`."""
        parts = [f"{self._ends.total()} of {self._known()} steps"]
        if self.running:
            parts.append(f"{len(self.running)} running")
        return ", ".join(parts + self._exceptions())

    def summary_text(self) -> str:
        """Return what the steps have come to: `7 of 7 steps: 5 succeeded, 1 failed, 1 skipped, 2 retries`."""
        done = self._ends[EventType.STEP_SUCCESS]
        parts = [f"{done} succeeded"] if done else []
        ended = ", ".join(parts + self._exceptions()) or "none was executed"
        return f"{self._ends.total()} of {self._known()} steps: {ended}"

    def _known(self) -> int:
        return max(self._step_count, self._ends.total() + len(self.running) + len(self.waiting))

    def _exceptions(self) -> list[str]:
        counted = [
            f"{self._ends[event_type]} {word}"
            for event_type, word in _WORDS.items()
            if event_type is not EventType.STEP_SUCCESS and self._ends[event_type]
        ]
        if self.retries:
            counted.append("1 retry" if self.retries == 1 else f"{self.retries} retries")
        return counted
