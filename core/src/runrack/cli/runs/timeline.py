"""When the steps of a run waited and ran, as bars of text beside each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from runrack.records.snapshot import ExecutionPlanSnapshot
from runrack.records.stats import StepAttempt, StepStats

WIDTH = 40
"""Characters of a bar."""

_RAN, _FAILED_BEFORE, _WAITED, _IDLE = "█", "▒", "·", " "


@dataclass(frozen=True)
class Timeline:
    """The time that a run took, from its first step to its last.

    Attributes:
        begin, end: In seconds since 1970.
    """

    begin: float
    end: float

    def bar(self, step: StepStats, ready_at: float) -> str:
        """Return when a step waited (`·`), had an attempt that failed (`▒`), and ran for the last time (`█`).

        Args:
            step: The step.
            ready_at: Since when nothing that it needs was missing, in seconds since 1970.
        """
        if step.start_time is None:
            return ""
        attempts = step.attempts_list or (StepAttempt(step.start_time, step.end_time),)
        marks = [_IDLE] * WIDTH
        self._fill(marks, _WAITED, min(ready_at, step.start_time), step.end_time)
        for attempt in attempts:
            mark = _RAN if attempt is attempts[-1] else _FAILED_BEFORE
            if attempt.start_time is not None:
                self._fill(marks, mark, attempt.start_time, attempt.end_time, at_least=1)
        return "".join(marks).rstrip()

    def _fill(self, marks: list[str], mark: str, begin: float, end: float | None, at_least: int = 0) -> None:
        first = min(self._column(begin), WIDTH - at_least)
        last = self._column(self.end if end is None else end)
        for column in range(first, max(last, first + at_least)):
            marks[column] = mark

    def _column(self, moment: float) -> int:
        share = (moment - self.begin) / (self.end - self.begin)
        return round(max(0.0, min(share, 1.0)) * WIDTH)


def timeline_of(steps: Sequence[StepStats], now: Callable[[], float]) -> Timeline | None:
    """Return the time that steps took together, until now where one still runs; None when none has begun or taken time."""
    begins = [step.start_time for step in steps if step.start_time is not None]
    if not begins:
        return None
    ends = [
        now() if step.end_time is None else step.end_time for step in steps if step.start_time is not None
    ]
    begin, end = min(begins), max(ends)
    return Timeline(begin, end) if end > begin else None


def ready_times(steps: Sequence[StepStats], plan: ExecutionPlanSnapshot | None, begin: float) -> list[float]:
    """Return since when nothing that each step needs was missing, in seconds since 1970.

    Args:
        steps: The steps of a run.
        plan: What they need; nothing, when it is not known.
        begin: When the first of them began.
    """
    upstream = {} if plan is None else {step.key: step.upstream_keys for step in plan.steps}
    ends: dict[str, float] = {}
    for step in steps:
        if step.end_time is not None:
            for key in (step.step_key, _any_key(step.step_key)):
                ends[key] = max(ends.get(key, begin), step.end_time)
    return [_ready_at(step.step_key, upstream, ends, begin) for step in steps]


def _ready_at(
    key: str, upstream: Mapping[str, Sequence[str]], ends: Mapping[str, float], begin: float
) -> float:
    mapping_key = key.removesuffix("]").partition("[")[2]
    needed = upstream.get(key, upstream.get(_any_key(key), ()))
    own = [each.replace("[?]", f"[{mapping_key}]") if mapping_key else each for each in needed]
    return max((ends.get(each, begin) for each in own), default=begin)


def _any_key(key: str) -> str:
    """Return the key that stands in a plan for all the steps of an op that is mapped: `op[?]`."""
    name, bracket, _ = key.partition("[")
    return f"{name}[?]" if bracket else key
