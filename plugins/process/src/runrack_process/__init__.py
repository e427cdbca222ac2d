"""Executors and launchers in processes of this machine.

The names below are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runrack_process.default_run_launcher import DefaultRunLauncher
    from runrack_process.executors import in_process_executor, multiprocess_executor
    from runrack_process.in_process_run_launcher import InProcessRunLauncher
    from runrack_process.launchers import SubprocessStepLauncher, subprocess_step_launcher

_MODULE_OF = {
    "DefaultRunLauncher": "default_run_launcher",
    "SubprocessStepLauncher": "launchers",
    "InProcessRunLauncher": "in_process_run_launcher",
    "in_process_executor": "executors",
    "multiprocess_executor": "executors",
    "subprocess_step_launcher": "launchers",
}

__all__ = [
    "DefaultRunLauncher",
    "InProcessRunLauncher",
    "SubprocessStepLauncher",
    "in_process_executor",
    "multiprocess_executor",
    "subprocess_step_launcher",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
