"""Calling hooks after a step, and HookContext, which their functions get."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runrack.definitions.error_boundary import user_code_error_boundary
from runrack.definitions.hook import HookDefinition, HookTrigger
from runrack.definitions.user_stack import user_error_info
from runrack.engine.step_context import StepContext
from runrack.errors import HookExecutionError, UserCodeExecutionError
from runrack.interfaces.part import InstanceServices
from runrack.records.event import Event
from runrack.records.event_data import HookErroredData
from runrack.records.event_type import EventType
from runrack.records.run import Run


@dataclass(frozen=True)
class HookContext:
    """What the function of a hook knows and can do.

    Attributes:
        hook_name: The hook.
        step_key: The step that is over.
        op_name: The op's name in the job.
        op_config: The op's configuration.
        op_exception: What the op raised; None after success.
        op_output_values: The values that the op gave, by name of the output; a dynamic output's by mapping key.
        resources: The resources that the hook requires, by attribute.
        log: A Python logger that writes to the run's log.
        run: The run.
        instance: The instance that the run is stored in.
    """

    hook_name: str
    step_key: str
    op_name: str
    op_config: Any
    op_exception: BaseException | None
    resources: Any
    log: logging.Logger
    run: Run
    instance: InstanceServices
    op_output_values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.run.run_id

    @property
    def job_name(self) -> str:
        """The job's name."""
        return self.run.job_name


def call_hooks(step: StepContext, error: BaseException | None) -> Iterator[Event]:
    """Call the hooks of a step that is over and yield what becomes of them; a hook that raises changes nothing else.

    Args:
        step: The step.
        error: What ended it; None for success.
    """
    trigger = HookTrigger.SUCCESS if error is None else HookTrigger.FAILURE
    for hook in step.hooks:
        if hook.trigger is trigger:
            yield _call(step, hook, error)
        else:
            message = f"Hook {hook.name!r} waits for {hook.trigger}."
            yield step.event(EventType.HOOK_SKIPPED, message)


def _call(step: StepContext, hook: HookDefinition, error: BaseException | None) -> Event:
    step.writer.flush()
    try:
        with user_code_error_boundary(HookExecutionError, lambda: f"hook {hook.name!r} raised"):
            hook.function(_hook_context(step, hook, error))
    except (Exception, SystemExit) as raised:  # noqa: BLE001 - the step is over, whatever its hook does
        message = f"Hook {hook.name!r} raised after step {step.step_key!r}."
        return step.event(EventType.HOOK_ERRORED, message, HookErroredData(user_error_info(raised)))
    return step.event(EventType.HOOK_COMPLETED, f"Hook {hook.name!r} was called.")


def _hook_context(step: StepContext, hook: HookDefinition, error: BaseException | None) -> HookContext:
    cause = error.user_exception if isinstance(error, UserCodeExecutionError) else error
    return HookContext(
        hook.name,
        step.step_key,
        step.op_name,
        step.run_context.config.ops.get(step.op_name),
        cause,
        step.run_context.resources.scoped(f"hook {hook.name!r}", hook.required_resource_keys),
        step.run_context.logs.make_log(step.step_key),
        step.run,
        step.instance,
        step.output_values,
    )
