"""Floor 4: runs jobs. What executors and launchers use is named here; the names are imported when they are first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runrack.engine.active_execution import ActiveExecution
    from runrack.engine.direct_context import build_op_context
    from runrack.engine.execution import execute_job, execute_run
    from runrack.engine.in_process_executor import InProcessExecutor
    from runrack.engine.new_process import leave, python_command, reseed_random
    from runrack.engine.op_context import OpExecutionContext
    from runrack.engine.own_run import claim_for_caller, held_run
    from runrack.engine.pool_slots import PoolSlots
    from runrack.engine.prepared_job import PreparedJob, prepare_job, prepare_reexecution
    from runrack.engine.reexecution import ReexecutionOptions
    from runrack.engine.remote_step import lost_step_event, make_step_run_ref, relay_entries
    from runrack.engine.run_context import RunContext, as_run_context
    from runrack.engine.step_channel import StepChannel, receive_message, send_message
    from runrack.engine.step_execution import attempt_step, execute_plan, execute_step, skip_blocked_steps
    from runrack.engine.step_launch import STEP_ENDS, relay_channel, step_run_ref
    from runrack.engine.step_worker import StepWorker, report_step_failure
    from runrack.engine.worker_identity import WorkerIdentity

_MODULE_OF = {
    "STEP_ENDS": "step_launch",
    "ActiveExecution": "active_execution",
    "InProcessExecutor": "in_process_executor",
    "OpExecutionContext": "op_context",
    "PoolSlots": "pool_slots",
    "PreparedJob": "prepared_job",
    "ReexecutionOptions": "reexecution",
    "RunContext": "run_context",
    "StepChannel": "step_channel",
    "StepWorker": "step_worker",
    "WorkerIdentity": "worker_identity",
    "as_run_context": "run_context",
    "attempt_step": "step_execution",
    "build_op_context": "direct_context",
    "claim_for_caller": "own_run",
    "execute_job": "execution",
    "execute_plan": "step_execution",
    "execute_run": "execution",
    "execute_step": "step_execution",
    "held_run": "own_run",
    "leave": "new_process",
    "lost_step_event": "remote_step",
    "make_step_run_ref": "remote_step",
    "prepare_job": "prepared_job",
    "prepare_reexecution": "prepared_job",
    "python_command": "new_process",
    "receive_message": "step_channel",
    "relay_channel": "step_launch",
    "relay_entries": "remote_step",
    "report_step_failure": "step_worker",
    "reseed_random": "new_process",
    "send_message": "step_channel",
    "skip_blocked_steps": "step_execution",
    "step_run_ref": "step_launch",
}

__all__ = [
    "STEP_ENDS",
    "ActiveExecution",
    "InProcessExecutor",
    "OpExecutionContext",
    "PoolSlots",
    "PreparedJob",
    "ReexecutionOptions",
    "RunContext",
    "StepChannel",
    "StepWorker",
    "WorkerIdentity",
    "as_run_context",
    "attempt_step",
    "build_op_context",
    "claim_for_caller",
    "execute_job",
    "execute_plan",
    "execute_run",
    "execute_step",
    "held_run",
    "leave",
    "lost_step_event",
    "make_step_run_ref",
    "prepare_job",
    "prepare_reexecution",
    "python_command",
    "receive_message",
    "relay_channel",
    "relay_entries",
    "report_step_failure",
    "reseed_random",
    "send_message",
    "skip_blocked_steps",
    "step_run_ref",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
