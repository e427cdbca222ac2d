"""Slots of pools: how steps of all runs share what only some of them may use at once."""

from __future__ import annotations

import time
from collections import deque

from runrack.engine.plan import JobStep
from runrack.engine.run_context import RunContext
from runrack.interfaces.executor import ExecutionStep
from runrack.records.tags import CONCURRENCY_KEY, priority_of

POLL_SECONDS = 0.25
"""How often a step that waits for a slot of another run's asks again."""


class PoolSlots:
    """The slots that steps of one run hold, of pools that have a limit.

    Args:
        context: The run.
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._limited: frozenset[str] | None = None

    def pool_of(self, step: ExecutionStep) -> str | None:
        """Return the pool of which a step needs a slot; None when there is none, or it has no limit."""
        pool = step.tags.get(CONCURRENCY_KEY)
        if pool is None:
            return None
        if self._limited is None:
            self._limited = frozenset(self._context.instance.event_log_storage.get_concurrency_keys())
        return pool if pool in self._limited else None

    def claim(self, step: ExecutionStep) -> bool:
        """Return whether a step has a slot, or needs none; one that has none stands in line for it from now on."""
        pool = self.pool_of(step)
        if pool is None:
            return True
        slots = self._context.instance.event_log_storage
        run_id = self._context.run.run_id
        return slots.claim_concurrency_slot(pool, run_id, step.key, priority_of(step.tags)).is_claimed

    def free(self, step: ExecutionStep) -> bool:
        """Give back the slot of a step, and return whether it had one."""
        if self.pool_of(step) is None:
            return False
        slots = self._context.instance.event_log_storage
        slots.free_concurrency_slot_for_step(self._context.run.run_id, step.key)
        return True


class StepLine:
    """Gives the steps of a run, one at a time, each when it has the slot that it needs.

    A step that waits for a slot lets those behind it pass.

    Args:
        context: The run.
    """

    def __init__(self, context: RunContext) -> None:
        self._active = context.active
        self._slots = PoolSlots(context)
        self._waiting: deque[JobStep] = deque()
        self._next_poll = 0.0

    def take(self) -> JobStep | None:
        """Return a step that may run now; None when there is none."""
        if self._waiting and time.monotonic() >= self._next_poll:
            for _ in range(len(self._waiting)):
                if self._slots.claim(self._waiting[0]):
                    return self._waiting.popleft()
                self._waiting.rotate(-1)
            self._next_poll = time.monotonic() + POLL_SECONDS
        while ready := self._active.take_ready(limit=1):
            if self._slots.claim(ready[0]):
                return ready[0]
            self._waiting.append(ready[0])
        return None

    def leave(self, step: JobStep) -> None:
        """Give back what a step held that was taken."""
        if self._slots.free(step):
            self._next_poll = 0.0

    def seconds_until_poll(self) -> float | None:
        """Return the seconds after which a step may have its slot; None when none waits for that."""
        return max(0.0, self._next_poll - time.monotonic()) if self._waiting else None
