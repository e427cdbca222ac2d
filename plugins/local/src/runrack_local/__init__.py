"""Local disk: artifacts, compute logs and files on the machine that runs.

The names below are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runrack_local.artifact_storage import LocalArtifactStorage
    from runrack_local.compute_log_manager import LocalComputeLogManager
    from runrack_local.file_manager import LocalFileHandle, LocalFileManager
    from runrack_local.file_manager_resource import local_file_manager
    from runrack_local.io_manager import LocalIOManager, local_io_manager
    from runrack_local.noop_compute_log_manager import NoOpComputeLogManager

_MODULE_OF = {
    "LocalArtifactStorage": "artifact_storage",
    "LocalComputeLogManager": "compute_log_manager",
    "LocalFileHandle": "file_manager",
    "LocalFileManager": "file_manager",
    "LocalIOManager": "io_manager",
    "NoOpComputeLogManager": "noop_compute_log_manager",
    "local_file_manager": "file_manager_resource",
    "local_io_manager": "io_manager",
}

__all__ = [
    "LocalArtifactStorage",
    "LocalComputeLogManager",
    "LocalFileHandle",
    "LocalFileManager",
    "LocalIOManager",
    "NoOpComputeLogManager",
    "local_file_manager",
    "local_io_manager",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
