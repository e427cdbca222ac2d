"""Executor: decides where and when the steps of a run are executed."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

from runrack.errors import InvalidArgumentError
from runrack.interfaces.part import InstanceServices
from runrack.records.event import Event
from runrack.records.run import Run


class RetryMode(StrEnum):
    """Who retries steps: this executor, nobody, or the executor around this one."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DEFERRED = "deferred"

    @property
    def enabled(self) -> bool:
        """Whether this executor retries steps."""
        return self is RetryMode.ENABLED

    @property
    def disabled(self) -> bool:
        """Whether nobody does."""
        return self is RetryMode.DISABLED

    @property
    def deferred(self) -> bool:
        """Whether the executor around this one does."""
        return self is RetryMode.DEFERRED

    def for_inner_plan(self) -> "RetryMode":
        """Return the mode for a plan that is executed inside of another: what was enabled is deferred to it."""
        return RetryMode.DEFERRED if self is RetryMode.ENABLED else self

    @classmethod
    def from_config(cls, value: Mapping[str, Any]) -> "RetryMode":
        """Return the mode that `{"enabled": {}}` or `{"disabled": {}}` selects."""
        match list(value):
            case ["enabled"]:
                return cls.ENABLED
            case ["disabled"]:
                return cls.DISABLED
        raise InvalidArgumentError("retries is {enabled: {}} or {disabled: {}}")


class ExecutionStep(Protocol):
    """One step of a plan."""

    @property
    def key(self) -> str:
        """The step's name in the plan: the path of the op in the job."""
        ...

    @property
    def tags(self) -> Mapping[str, str]:
        """The labels of its op."""
        ...

    @property
    def upstream_keys(self) -> frozenset[str]:
        """The steps whose outputs it needs."""
        ...


class ExecutionPlan(Protocol):
    """The steps of a run and what they wait for."""

    @property
    def steps(self) -> Sequence[ExecutionStep]:
        """The steps to execute, each after those it needs."""
        ...


class PlanOrchestrationContext(Protocol):
    """What an executor knows of the run that it executes."""

    @property
    def run(self) -> Run:
        """The run."""
        ...

    @property
    def instance(self) -> InstanceServices:
        """The instance that the run is stored in."""
        ...

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The validated run configuration."""
        ...


class Executor(ABC):
    """Executes plans.

    What one step does to its process, or to the others, is the executor's concern: an executor that gives steps processes of
    their own fails the step whose process ends too early, with the reason, and leaves no process behind.
    """

    @abstractmethod
    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[Event]:
        """Execute every step of the plan after the steps that it needs, yielding events as they happen.

        - The events become the run's events. The run ends in SUCCESS when the iterator ends without a STEP_FAILURE,
          else in FAILURE; an exception out of it ends the run in FAILURE.
        - A step whose upstream step failed or was skipped is skipped (STEP_SKIPPED). All other steps are executed, whatever
          failed meanwhile.
        - Of one attempt at a step everything comes in this order: STEP_START, or STEP_RESTARTED from the second attempt on;
          what happens in it; STEP_SUCCESS, STEP_FAILURE or STEP_UP_FOR_RETRY. Each event is yielded once, a step's ones
          after the ends of the steps that it needs. `execute_step` and its neighbours in `runrack.engine` see to that.
        - Only the steps of `execution_plan` are executed: it may be a part of the job. Dynamic outputs add steps to it.
        - When the run is interrupted, the interruption is thrown into the iterator: it ends the steps that are under way,
          yields what they still have to say, and lets the interruption go on.
        """

    @property
    @abstractmethod
    def retries(self) -> RetryMode:
        """Whether steps are retried."""
