"""The executors of this plugin, as definitions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from runrack.config.vocabulary import Bool, Field, Float, Int, Noneable, Selector, String, Union
from runrack.definitions.executor import ExecutorRequirement, InitExecutorContext, executor
from runrack.engine import InProcessExecutor
from runrack.errors import InvalidArgumentError
from runrack.interfaces.executor import Executor, RetryMode
from runrack_process.step_limits import TagLimit

RETRIES = Field(
    Selector({"enabled": {}, "disabled": {}}),
    default_value={"enabled": {}},
    description="Whether steps are tried again as their ops say.",
)

TAG_LIMITS = Field(
    Noneable(
        [
            {
                "key": String,
                "value": Field(
                    Union(String, {"applyLimitPerUniqueValue": Bool}),
                    is_required=False,
                    description="The value that is limited, or whether each value has the limit for itself.",
                ),
                "limit": Int(minimum=0),
            }
        ]
    ),
    default_value=None,
    description="How many steps of ops with certain tags run at once.",
)

_MAX_CONCURRENT_VARIABLE = "RUNRACK_MULTIPROCESS_MAX_CONCURRENT"


@executor(name="in_process", config_schema={"retries": RETRIES})
def in_process_executor(context: InitExecutorContext) -> Executor:
    """Executes the steps of a run one after the other, in the process of the run."""
    return InProcessExecutor(RetryMode.from_config(context.executor_config["retries"]))


@executor(
    name="multiprocess",
    config_schema={
        "max_concurrent": Field(
            Noneable(Int(minimum=1)),
            default_value=None,
            description=f"How many steps run at once; ${_MAX_CONCURRENT_VARIABLE}, or else the number of processors, by default.",
        ),
        "tag_concurrency_limits": TAG_LIMITS,
        "start_method": Field(
            Selector(
                {
                    "forkserver": {
                        "preload_modules": Field(
                            [String],
                            default_value=[],
                            description="Modules to be loaded once, besides the job's.",
                        )
                    },
                    "spawn": {},
                }
            ),
            default_value={"forkserver": {"preload_modules": []}},
            description="Whether a step's process is a copy of one that has loaded the job, or a new interpreter.",
        ),
        "grace_seconds": Field(
            Float(minimum=0),
            default_value=5.0,
            description="How long canceled steps have to end before they are killed.",
        ),
        "retries": RETRIES,
    },
    requirements=[
        ExecutorRequirement.RECONSTRUCTABLE_JOB,
        ExecutorRequirement.NON_EPHEMERAL_INSTANCE,
        ExecutorRequirement.PERSISTENT_OUTPUTS,
    ],
)
def multiprocess_executor(context: InitExecutorContext) -> Executor:
    """Executes each step of a run in a process of its own, several at a time."""
    from runrack_process.multiprocess import MultiprocessExecutor

    config = context.executor_config
    ((method, details),) = config["start_method"].items()
    return MultiprocessExecutor(
        max_concurrent=_max_concurrent(config["max_concurrent"]),
        tag_limits=_tag_limits(config["tag_concurrency_limits"]),
        retry_mode=RetryMode.from_config(config["retries"]),
        is_warm=method == "forkserver",
        preload_modules=tuple(details.get("preload_modules", ())),
        grace_seconds=config["grace_seconds"],
    )


def _max_concurrent(configured: int | None) -> int:
    number = configured
    if number is None:
        text = os.environ.get(_MAX_CONCURRENT_VARIABLE, "")
        number = int(text) if text.isdecimal() else os.cpu_count() or 1
    if number < 1:
        raise InvalidArgumentError("max_concurrent of the multiprocess executor is 1 or more")
    return number


def _tag_limits(configured: Sequence[Mapping[str, Any]] | None) -> list[TagLimit]:
    return [_tag_limit(entry["key"], entry.get("value"), entry["limit"]) for entry in configured or ()]


def _tag_limit(key: str, value: str | Mapping[str, bool] | None, limit: int) -> TagLimit:
    if limit < 0:
        raise InvalidArgumentError("a limit of tag_concurrency_limits is 0 or more")
    if isinstance(value, Mapping):
        return TagLimit(key, None, limit, is_per_value=value["applyLimitPerUniqueValue"])
    return TagLimit(key, value, limit)
