"""RunContext: what is known of a run while it is executed in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runrack.definitions.run_config import ResolvedRunConfig
from runrack.engine.active_execution import ActiveExecution
from runrack.engine.event_writer import EventWriter
from runrack.engine.output_store import OutputStore
from runrack.engine.plan import JobPlan
from runrack.engine.python_logs import PythonLogs
from runrack.engine.resource_set import ResourceSet
from runrack.errors import InvalidArgumentError
from runrack.interfaces.executor import PlanOrchestrationContext, RetryMode
from runrack.interfaces.part import InstanceServices
from runrack.records.asset_key import AssetKey
from runrack.records.run import Run


@dataclass(frozen=True)
class RunContext:
    """What is known of a run while it is executed; executors get it as their `plan_context`.

    Attributes:
        run: The run as it was when it started.
        instance: The instance that it is stored in.
        plan: Its steps.
        config: Its configuration with references resolved. Holds secrets.
        writer: Where its events go.
        outputs: The values that steps give to each other.
        resources: The resources of this process.
        logs: Gives the loggers of the run and of its steps.
        retry_mode: Who retries steps.
        active: How far the steps have come; it has learned from each event as soon as the run loop has taken it.
        errors: What ended a step, by its key.
        launches_steps: Whether a step whose op requires a StepLauncher is handed to it; else it is executed here.
        data_versions: Which data assets hold, as far as this process has made them or asked for it.
    """

    run: Run
    instance: InstanceServices
    plan: JobPlan
    config: ResolvedRunConfig
    writer: EventWriter
    outputs: OutputStore
    resources: ResourceSet
    logs: PythonLogs
    retry_mode: RetryMode
    active: ActiveExecution
    errors: dict[str, BaseException] = field(default_factory=dict)
    launches_steps: bool = True
    data_versions: dict[AssetKey, str] = field(default_factory=dict)

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The checked run configuration as it was given: references to secrets unresolved."""
        return self.run.run_config


def as_run_context(plan_context: PlanOrchestrationContext) -> RunContext:
    """Return the context that an executor was given as what it is.

    Raises:
        InvalidArgumentError: It is something else.
    """
    if not isinstance(plan_context, RunContext):
        raise InvalidArgumentError(
            "steps are executed in the plan_context that Executor.execute was given, not in one of your own"
        )
    return plan_context
