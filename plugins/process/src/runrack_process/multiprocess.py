"""MultiprocessExecutor: executes each step of a run in a process of its own."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from typing_extensions import override

from runrack.engine import (
    STEP_ENDS,
    RunContext,
    as_run_context,
    lost_step_event,
    make_step_run_ref,
    relay_entries,
    skip_blocked_steps,
)
from runrack.errors import ExecutionInterruptedError
from runrack.interfaces.executor import (
    ExecutionPlan,
    ExecutionStep,
    Executor,
    PlanOrchestrationContext,
    RetryMode,
)
from runrack.records.event import Event
from runrack_process.process_failure import MemoryWatch, process_failure
from runrack_process.process_supply import ProcessSupply, StepProcess
from runrack_process.step_limits import POLL_SECONDS, StepLimits, TagLimit

_LAST_WORDS_SECONDS = 5.0


@dataclass(frozen=True)
class MultiprocessExecutor(Executor):
    """Executes each step of a run in a process of its own, several at a time.

    - The processes are copies of one that has loaded the job's code (`is_warm`), or new interpreters. Each leads a session
      and process group of its own, which ends with the step.
    - All that steps have to say goes through the process of the run, which alone writes to the storage.
    - A process that ends before its step did fails the step, or has it tried again, as its op says.
    - When the run is interrupted, each step gets SIGTERM, and SIGKILL after `grace_seconds`. When the process of the run
      is killed, its steps are killed at once (on Linux).

    Attributes:
        max_concurrent: How many steps run at once.
        tag_limits: How many of those may have certain labels.
        retry_mode: Who retries steps.
        is_warm: Whether processes are copies of one that has loaded the job's code.
        preload_modules: What that one loads besides.
        grace_seconds: How long steps have to end in order when the run is interrupted.
    """

    max_concurrent: int
    tag_limits: Sequence[TagLimit] = ()
    retry_mode: RetryMode = RetryMode.ENABLED
    is_warm: bool = True
    preload_modules: Sequence[str] = ()
    grace_seconds: float = 10.0

    @property
    @override
    def retries(self) -> RetryMode:
        return self.retry_mode

    @override
    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[Event]:
        context = as_run_context(plan_context)
        with closing(ProcessSupply(self.is_warm, self.preload_modules)) as supply:
            yield from _Execution(self, context, supply).events()


@dataclass(eq=False)
class _Attempt:
    """One attempt at a step.

    Attributes:
        step: The step.
        process: Where it is executed.
        has_ended: Whether the step has said how it ended.
    """

    step: ExecutionStep
    process: StepProcess
    has_ended: bool = False


@dataclass
class _Execution:
    """The execution of one run."""

    executor: MultiprocessExecutor
    context: RunContext
    supply: ProcessSupply
    attempts: dict[int, _Attempt] = field(default_factory=dict)
    admissible: deque[ExecutionStep] = field(default_factory=deque)
    postponed: dict[str, ExecutionStep] = field(default_factory=dict)
    memory: MemoryWatch = field(default_factory=MemoryWatch)

    def __post_init__(self) -> None:
        self.limits = StepLimits(self.context, self.executor.tag_limits)

    def events(self) -> Iterator[Event]:
        """Yield what happens until every step, and every process, is over."""
        active = self.context.active
        try:
            # The processes of steps that have ended are still tearing down their resources.
            while not active.is_complete or self.attempts:
                yield from skip_blocked_steps(self.context)
                self._start_steps()
                if not self.attempts and self._timeout() is None:
                    return  # steps are left that this executor was told not to retry
                yield from self._relay(self.supply.wait(self._timeout()))
        except (ExecutionInterruptedError, KeyboardInterrupt):
            yield from self._interrupt()
            raise

    def _start_steps(self) -> None:
        for step in self.limits.admit_waiting(self._free()):
            self._start(step)
        while self._free() > 0 and (waiting := self._next_step()) is not None:
            if self._is_alive(waiting):
                self.postponed[waiting.key] = waiting
            elif self.limits.admit(waiting):
                self._start(waiting)

    def _next_step(self) -> ExecutionStep | None:
        if self.admissible:
            return self.admissible.popleft()
        return next(iter(self.context.active.take_ready(limit=1)), None)

    def _is_alive(self, step: ExecutionStep) -> bool:
        """Tell whether the process of the step's last attempt is not over: it still holds what the next one needs."""
        return any(attempt.step.key == step.key for attempt in self.attempts.values())

    def _free(self) -> int:
        return self.executor.max_concurrent - len(self.attempts)

    def _start(self, step: ExecutionStep) -> None:
        process = self.supply.start(make_step_run_ref(self.context, step))
        self.attempts[process.number] = _Attempt(step, process)

    def _timeout(self) -> float | None:
        """Return when something may be done though no process has anything to say."""
        times = [POLL_SECONDS] if self.limits.waits_for_slots else []
        retry = self.context.active.next_retry_in()
        if retry is not None and self._free() > 0 and self.executor.retry_mode is RetryMode.ENABLED:
            times.append(retry)
        return min(times, default=None)

    def _relay(self, ready: Sequence[StepProcess]) -> Iterator[Event]:
        """Yield what processes have to say, store all of it at once, and tell them."""
        with self.context.writer.batch():
            for process in ready:
                attempt = self.attempts[process.number]
                for event in relay_entries(self.context, process.channel.receive()):
                    attempt.has_ended |= event.event_type in STEP_ENDS and event.step_key == attempt.step.key
                    yield event
            for process in ready:
                if process.is_over:
                    yield from self._finish(self.attempts[process.number])
        for process in ready:
            process.channel.confirm()
            if process.is_over:
                self._forget(self.attempts[process.number])

    def _finish(self, attempt: _Attempt) -> Iterator[Event]:
        if not attempt.has_ended:
            error = process_failure(attempt.process, self.memory)
            yield lost_step_event(self.context, attempt.step, error)

    def _forget(self, attempt: _Attempt) -> None:
        del self.attempts[attempt.process.number]
        self.supply.forget(attempt.process)
        self.admissible.extend(self.limits.release(attempt.step))
        if (step := self.postponed.pop(attempt.step.key, None)) is not None:
            self.admissible.append(step)

    def _interrupt(self) -> Iterator[Event]:
        """End all steps, in order if they let themselves be, and yield what they still have to say."""
        for number, seconds in (
            (signal.SIGTERM, self.executor.grace_seconds),
            (signal.SIGKILL, _LAST_WORDS_SECONDS),
        ):
            for attempt in self.attempts.values():
                attempt.process.kill(number)
            deadline = time.monotonic() + seconds
            while self.attempts and (left := deadline - time.monotonic()) > 0:
                yield from self._relay_last_words(self.supply.wait(left))

    def _relay_last_words(self, ready: Sequence[StepProcess]) -> Iterator[Event]:
        with self.context.writer.batch():
            for process in ready:
                yield from relay_entries(self.context, process.channel.receive())
        for process in ready:
            process.channel.confirm()
            if process.is_over:
                self._forget(self.attempts[process.number])
