"""StepLimits: how many steps may run at once, in all, by label, and across runs."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from runrack.engine import PoolSlots, RunContext
from runrack.interfaces.executor import ExecutionStep

POLL_SECONDS = 0.25
"""How often a step that waits for a slot of another run's asks again."""


class TagLimit(NamedTuple):
    """How many steps with a label may run at once.

    Attributes:
        key: The label's key.
        value: Only this value; any, when None.
        limit: How many.
        is_per_value: Whether each value has the limit for itself.
    """

    key: str
    value: str | None
    limit: int
    is_per_value: bool = False

    def bucket(self, tags: Mapping[str, str]) -> tuple[str, str | None] | None:
        """Return what a step with these labels is counted under; None when the limit does not concern it."""
        value = tags.get(self.key)
        if value is None or (self.value is not None and value != self.value):
            return None
        return (self.key, value if self.is_per_value else self.value)


@dataclass
class StepLimits:
    """Says which steps may start.

    A step that may not waits here, and is given back when it may. Steps of one label wait in a line, so that no time is
    spent on those behind the first.

    Attributes:
        context: The run.
        tag_limits: Limits by label.
    """

    context: RunContext
    tag_limits: Sequence[TagLimit] = ()
    _running: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    _lines: dict[tuple[str, str | None], deque[ExecutionStep]] = field(default_factory=dict)
    _pool_lines: dict[str, deque[ExecutionStep]] = field(default_factory=dict)
    _next_poll: float = 0.0

    def __post_init__(self) -> None:
        self._slots = PoolSlots(self.context)

    @property
    def waits_for_slots(self) -> bool:
        """Whether some step waits for what other runs hold."""
        return any(self._pool_lines.values())

    def admit(self, step: ExecutionStep) -> bool:
        """Return whether a step may start; one that may not waits in a line."""
        full = self._full_bucket(step)
        if full is not None:
            self._lines.setdefault(full, deque()).append(step)
            return False
        pool = self._slots.pool_of(step)
        if pool is not None and (self._pool_lines.get(pool) or not self._slots.claim(step)):
            self._pool_lines.setdefault(pool, deque()).append(step)
            return False
        self._running.update(self._buckets(step))
        return True

    def release(self, step: ExecutionStep) -> list[ExecutionStep]:
        """Note that a step is not running any more, and return those that waited for it and are to be admitted anew."""
        if self._slots.free(step):
            self._next_poll = 0.0
        woken = []
        for bucket in self._buckets(step):
            self._running[bucket] -= 1
            if line := self._lines.get(bucket):
                woken.append(line.popleft())
        return woken

    def admit_waiting(self, limit: int) -> list[ExecutionStep]:
        """Return steps that waited for a slot and may start now, if it is time to ask again; at most `limit`."""
        if not self.waits_for_slots or limit < 1 or time.monotonic() < self._next_poll:
            return []
        self._next_poll = time.monotonic() + POLL_SECONDS
        admitted: list[ExecutionStep] = []
        for line in self._pool_lines.values():
            while line and len(admitted) < limit and self._full_bucket(line[0]) is None:
                if not self._slots.claim(line[0]):
                    break
                self._running.update(self._buckets(line[0]))
                admitted.append(line.popleft())
        return admitted

    def _full_bucket(self, step: ExecutionStep) -> tuple[str, str | None] | None:
        for limit in self.tag_limits:
            bucket = limit.bucket(step.tags)
            if bucket is not None and self._running[bucket] >= limit.limit:
                return bucket
        return None

    def _buckets(self, step: ExecutionStep) -> set[tuple[str, str | None]]:
        found = (limit.bucket(step.tags) for limit in self.tag_limits)
        return {bucket for bucket in found if bucket is not None}
