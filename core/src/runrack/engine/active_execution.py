"""ActiveExecution: how far the steps of a plan have come, and which of them may run next."""

from __future__ import annotations

import heapq
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from runrack.definitions.invoked_output import Collected, InputSource, outputs_of
from runrack.engine.given_outputs import GivenOutputs
from runrack.engine.plan import JobPlan, JobStep
from runrack.records.event import Event
from runrack.records.event_data import StepOutputData, StepRetryData
from runrack.records.event_type import EventType
from runrack.records.known_state import KnownState, OutputHandle
from runrack.records.tags import priority_of


class StepState(Enum):
    """Where a step stands."""

    WAITING = auto()
    """Steps that it needs are not over."""
    READY = auto()
    """It may run."""
    BLOCKED = auto()
    """It cannot run; that is to be said in an event."""
    TAKEN = auto()
    """Whoever executes the plan has it."""
    UP_FOR_RETRY = auto()
    """It runs again after a while."""
    SUCCEEDED = auto()
    """It is over, as it is in the states below; or it was expanded."""
    FAILED = auto()
    SKIPPED = auto()
    """Something that it needs was not given, though nothing failed."""
    ABANDONED = auto()
    """Something that it needs failed."""


_OVER = frozenset({StepState.SUCCEEDED, StepState.FAILED, StepState.SKIPPED, StepState.ABANDONED})
_LOST = frozenset({StepState.FAILED, StepState.ABANDONED})


@dataclass(eq=False)
class _Entry:
    """What is known of a step.

    Attributes:
        step: The step.
        order: Where it comes among steps that may run: by priority, then as in the plan.
        state: Where it stands.
        waits_for: The number of steps that it needs and that are not over.
        upstream, downstream: The steps that it needs, and that need it, as far as they are in the plan.
        attempts: How often it was tried before.
    """

    step: JobStep
    order: tuple[int, int, int]
    state: StepState = StepState.WAITING
    waits_for: int = 0
    upstream: list[_Entry] = field(default_factory=list)
    downstream: list[_Entry] = field(default_factory=list)
    attempts: int = 0


class ActiveExecution:
    """How far the steps of a plan have come.

    - It learns from the events of the steps, in order (`note`), and does nothing by itself.
    - Whoever executes the plan takes steps that may run (`take_ready`) and says of those that cannot that they are skipped
      (`take_blocked`), until `is_complete`.
    - Equal calls have equal results. Each step and each connection is looked at a bounded number of times.

    Args:
        plan: The steps.
        run_id: The run that executes them.
        known: What is known of earlier work on them.
        clock: Gives seconds from any beginning; for the time at which a step may be tried again.
    """

    def __init__(
        self,
        plan: JobPlan,
        run_id: str,
        known: KnownState | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        known = known or KnownState()
        self._run_id = run_id
        self._clock = clock
        self._attempts = known.attempts
        self.given = GivenOutputs(known.outputs)
        self._entries: dict[str, _Entry] = {}
        self._ready: list[tuple[tuple[int, int, int], str]] = []
        self._blocked: list[_Entry] = []
        self._retries: list[tuple[float, tuple[int, int, int], str]] = []
        self._expandable: defaultdict[tuple[str, str], list[_Entry]] = defaultdict(list)
        self._collecting: defaultdict[tuple[str, str], list[tuple[_Entry, str]]] = defaultdict(list)
        self._number_left = 0
        for position, step in enumerate(plan.steps):
            self._add(step, position)
        self._expand_known()
        for entry in list(self._entries.values()):
            self._release_if_free(entry)

    @property
    def is_complete(self) -> bool:
        """Whether every step is over."""
        return not self._number_left

    def take_ready(self, limit: int | None = None) -> list[JobStep]:
        """Return steps that may run now, the most urgent first, and leave them to the caller.

        Ops with a higher number in the tag `runrack/priority` come first; otherwise the order is that of the plan.

        Args:
            limit: How many at most; all by default.
        """
        self._wake_retries()
        taken: list[JobStep] = []
        while self._ready and (limit is None or len(taken) < limit):
            entry = self._entries[heapq.heappop(self._ready)[1]]
            if entry.state is StepState.READY:
                entry.state = StepState.TAKEN
                taken.append(entry.step)
        return taken

    def put_back(self, step: JobStep) -> None:
        """Return a step that was taken and cannot be started just now."""
        self._make_ready(self._entries[step.key])

    def take_blocked(self) -> list[JobStep]:
        """Return steps that cannot run: each is to be skipped, by an event STEP_SKIPPED, which may block others."""
        blocked, self._blocked = self._blocked, []
        return [entry.step for entry in blocked if entry.state is StepState.BLOCKED]

    def next_retry_in(self) -> float | None:
        """Return the seconds after which a step may be tried again, 0 if one may now; None if none waits for that."""
        return max(0.0, self._retries[0][0] - self._clock()) if self._retries else None

    def previous_attempts(self, step_key: str) -> int:
        """Return how often a step was tried before."""
        entry = self._entries.get(step_key)
        return 0 if entry is None else entry.attempts

    def can_run(self, step_key: str) -> bool:
        """Tell whether a step has all that it needs: it may run now, or does."""
        entry = self._entries.get(step_key)
        return entry is not None and entry.state in {
            StepState.READY,
            StepState.TAKEN,
            StepState.UP_FOR_RETRY,
        }

    def state_of(self, step_key: str) -> StepState | None:
        """Return where a step stands; None for one that is not in the plan, or not yet."""
        entry = self._entries.get(step_key)
        return None if entry is None else entry.state

    def expanded(self, step: JobStep) -> list[JobStep]:
        """Return the steps that an expandable one stands for, as far as they are known."""
        name = step.node.name
        keys = self.given.mapping_keys(*step.node.mapped_over) if step.node.mapped_over else []
        found = (self._entries.get(f"{name}[{key}]") for key in keys)
        return [entry.step for entry in found if entry is not None]

    def known_state_for(self, step: JobStep) -> KnownState:
        """Return what another process has to know in order to execute this step."""
        attempts = self.previous_attempts(step.key)
        return KnownState(
            self.given.needed_for(step.node.inputs.values(), step.mapping_key),
            {step.key: attempts} if attempts else {},
        )

    def note(self, event: Event) -> None:
        """Learn from an event; those that say nothing of a step of the plan change nothing."""
        entry = self._entries.get(event.step_key) if event.step_key is not None else None
        if entry is None or entry.state in _OVER:
            return
        match event.event_type:
            case EventType.STEP_START | EventType.STEP_RESTARTED:
                entry.state = StepState.TAKEN
            case EventType.STEP_OUTPUT:
                self._note_output(entry, event.event_specific_data)
            case EventType.STEP_UP_FOR_RETRY:
                self._note_retry(entry, event.event_specific_data)
            case EventType.STEP_SUCCESS:
                self._end(entry, StepState.SUCCEEDED)
            case EventType.STEP_FAILURE:
                self._end(entry, StepState.FAILED)
            case EventType.STEP_SKIPPED:
                is_lost = any(needed.state in _LOST for needed in entry.upstream)
                self._end(entry, StepState.ABANDONED if is_lost else StepState.SKIPPED)

    def _add(self, step: JobStep, position: int, number: int = 0) -> None:
        entry = _Entry(
            step, (-priority_of(step.tags), position, number), attempts=self._attempts.get(step.key, 0)
        )
        self._entries[step.key] = entry
        self._number_left += 1
        if step.is_expandable and step.node.mapped_over is not None:
            self._expandable[step.node.mapped_over].append(entry)
            self._connect(entry, step.node.mapped_over[0])
            return
        for source in step.node.inputs.values():
            for output in outputs_of(source):
                over = output.mapped_over
                if over is None:
                    self._connect(entry, output.node_name)
                    continue
                self._connect(entry, over[0])
                if isinstance(source, Collected):
                    self._collecting[over].append((entry, output.node_name))
                    self._connect_collected(entry, over, output.node_name)
                else:
                    self._connect(entry, f"{output.node_name}[{step.mapping_key}]")

    def _connect(self, entry: _Entry, step_key: str) -> None:
        upstream = self._entries.get(step_key)
        if upstream is None or upstream is entry or entry in upstream.downstream[-1:]:
            return
        entry.upstream.append(upstream)
        if upstream.state not in _OVER:
            upstream.downstream.append(entry)
            entry.waits_for += 1

    def _connect_collected(self, entry: _Entry, over: tuple[str, str], node_name: str) -> None:
        if node_name != over[0]:
            for key in self.given.mapping_keys(*over):
                self._connect(entry, f"{node_name}[{key}]")

    def _expand_known(self) -> None:
        """Expand over dynamic outputs that were given before, by steps that are not in the plan."""
        for over in list(self._expandable):
            if over[0] not in self._entries:
                self._expand(over)

    def _expand(self, over: tuple[str, str]) -> None:
        templates = self._expandable.pop(over, [])
        keys = self.given.mapping_keys(*over)
        for entry in templates:
            entry.state = StepState.SUCCEEDED
            self._number_left -= 1
            for number, key in enumerate(keys):
                self._add(JobStep(entry.step.node, key), entry.order[1], number)
        for collector, node_name in self._collecting.get(over, ()):
            self._connect_collected(collector, over, node_name)
        for entry in templates:
            for key in keys:
                self._release_if_free(self._entries[f"{entry.step.node.name}[{key}]"])

    def _note_output(self, entry: _Entry, data: object) -> None:
        if isinstance(data, StepOutputData):
            self.given.add(OutputHandle(entry.step.key, data.output_name, data.mapping_key), self._run_id)

    def _note_retry(self, entry: _Entry, data: object) -> None:
        entry.attempts += 1
        entry.state = StepState.UP_FOR_RETRY
        self.given.discard(entry.step.key)
        seconds = data.seconds_to_wait if isinstance(data, StepRetryData) else 0.0
        heapq.heappush(self._retries, (self._clock() + seconds, entry.order, entry.step.key))

    def _wake_retries(self) -> None:
        now = self._clock() if self._retries else 0.0
        while self._retries and self._retries[0][0] <= now:
            entry = self._entries[heapq.heappop(self._retries)[2]]
            if entry.state is StepState.UP_FOR_RETRY:
                self._make_ready(entry)

    def _make_ready(self, entry: _Entry) -> None:
        entry.state = StepState.READY
        heapq.heappush(self._ready, (entry.order, entry.step.key))

    def _end(self, entry: _Entry, state: StepState) -> None:
        entry.state = state
        self._number_left -= 1
        if state is StepState.SUCCEEDED:
            for name, declared in entry.step.node.definition.outs.items():
                if declared.is_dynamic:
                    self._expand((entry.step.key, name))
        for follower in entry.downstream:
            follower.waits_for -= 1
            self._release_if_free(follower)

    def _release_if_free(self, entry: _Entry) -> None:
        if entry.waits_for or entry.state is not StepState.WAITING:
            return
        if self._has_all(entry):
            self._make_ready(entry)
        else:
            entry.state = StepState.BLOCKED
            self._blocked.append(entry)

    def _has_all(self, entry: _Entry) -> bool:
        step = entry.step
        if step.is_expandable or any(needed.state in _LOST for needed in entry.upstream):
            return False
        return all(
            handle_is_there
            for source in step.node.inputs.values()
            for handle_is_there in self._are_there(source, step.mapping_key)
        )

    def _are_there(self, source: InputSource, mapping_key: str | None) -> Iterator[bool]:
        if isinstance(source, Collected):
            over = source.each.mapped_over
            collected_from = None if over is None else self._entries.get(over[0])
            yield collected_from is None or collected_from.state is StepState.SUCCEEDED
            return
        for handle in self.given.handles_of(source, mapping_key):
            yield self.given.has(handle)
