"""InProcessExecutor: executes the steps of a run one after the other, in the process of the run."""

from __future__ import annotations

from collections.abc import Iterator

from typing_extensions import override

from runrack.engine.step_execution import execute_plan
from runrack.interfaces.executor import ExecutionPlan, Executor, PlanOrchestrationContext, RetryMode
from runrack.records.event import Event


class InProcessExecutor(Executor):
    """Executes the steps of a run one after the other, in the process of the run.

    Args:
        retries: Whether steps are retried.
    """

    def __init__(self, retries: RetryMode = RetryMode.ENABLED) -> None:
        self._retries = retries

    @property
    @override
    def retries(self) -> RetryMode:
        return self._retries

    @override
    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[Event]:
        return execute_plan(plan_context, execution_plan)
