"""StepLimits: how many steps may run at once, in all, by label, and across runs."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from runrack.engine import RunContext
from runrack.interfaces.executor import ExecutionStep
from runrack.records.tags import CONCURRENCY_KEY, priority_of

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
    _limited_pools: frozenset[str] | None = None
    _next_poll: float = 0.0

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
        pool = self._pool_of(step)
        if pool is not None and (self._pool_lines.get(pool) or not self._claim(pool, step)):
            self._pool_lines.setdefault(pool, deque()).append(step)
            return False
        self._running.update(self._buckets(step))
        return True

    def release(self, step: ExecutionStep) -> list[ExecutionStep]:
        """Note that a step is not running any more, and return those that waited for it and are to be admitted anew."""
        if self._pool_of(step) is not None:
            slots = self.context.instance.event_log_storage
            slots.free_concurrency_slot_for_step(self.context.run.run_id, step.key)
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
        for pool, line in self._pool_lines.items():
            while line and len(admitted) < limit and self._full_bucket(line[0]) is None:
                if not self._claim(pool, line[0]):
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

    def _pool_of(self, step: ExecutionStep) -> str | None:
        pool = step.tags.get(CONCURRENCY_KEY)
        if pool is None:
            return None
        if self._limited_pools is None:
            keys = self.context.instance.event_log_storage.get_concurrency_keys()
            self._limited_pools = frozenset(keys)
        return pool if pool in self._limited_pools else None

    def _claim(self, pool: str, step: ExecutionStep) -> bool:
        slots = self.context.instance.event_log_storage
        run_id = self.context.run.run_id
        return slots.claim_concurrency_slot(pool, run_id, step.key, priority_of(step.tags)).is_claimed
