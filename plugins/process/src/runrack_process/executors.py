"""The executors of this plugin, as definitions."""

from __future__ import annotations

from runrack.config.vocabulary import Field, Selector
from runrack.definitions.executor import InitExecutorContext, executor
from runrack.engine import InProcessExecutor
from runrack.interfaces.executor import Executor, RetryMode

RETRIES = Field(
    Selector({"enabled": {}, "disabled": {}}),
    default_value={"enabled": {}},
    description="Whether steps are tried again as their ops say.",
)


@executor(name="in_process", config_schema={"retries": RETRIES})
def in_process_executor(context: InitExecutorContext) -> Executor:
    """Executes the steps of a run one after the other, in the process of the run."""
    return InProcessExecutor(RetryMode.from_config(context.executor_config["retries"]))
