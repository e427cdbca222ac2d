"""Floor 4: runs jobs. What executors and launchers use is named here; the names are imported when they are first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runrack.engine.direct_context import build_op_context
    from runrack.engine.execution import execute_job, execute_run
    from runrack.engine.in_process_executor import InProcessExecutor
    from runrack.engine.op_context import OpExecutionContext
    from runrack.engine.prepared_job import PreparedJob, prepare_job
    from runrack.engine.step_execution import execute_plan, execute_step

_MODULE_OF = {
    "InProcessExecutor": "in_process_executor",
    "OpExecutionContext": "op_context",
    "PreparedJob": "prepared_job",
    "build_op_context": "direct_context",
    "execute_job": "execution",
    "execute_plan": "step_execution",
    "execute_run": "execution",
    "execute_step": "step_execution",
    "prepare_job": "prepared_job",
}

__all__ = [
    "InProcessExecutor",
    "OpExecutionContext",
    "PreparedJob",
    "build_op_context",
    "execute_job",
    "execute_plan",
    "execute_run",
    "execute_step",
    "prepare_job",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
