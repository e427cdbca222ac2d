"""Opening the workspace of an instance: what its `runrack.yaml` names, or what another file does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runrack.instance.instance_ref import InstanceRef
from runrack.workspace.location_target import LocationTarget, targets_from_config
from runrack.workspace.process_workspace import ProcessWorkspace, load_targets

_LOG_FOLDER = "logs"


def open_configured_workspace(ref: InstanceRef | None, settings: Mapping[str, Any]) -> ProcessWorkspace:
    """Return the workspace that `runrack.yaml` describes. No process is started yet.

    Args:
        ref: The instance; None for one that no other process can open.
        settings: Its settings.

    Raises:
        InvalidArgumentError: Two locations have one name.
    """
    base = Path.cwd() if ref is None else Path(ref.base_dir)
    return _workspace(ref, targets_from_config(settings.get("workspace", ()), base))


def open_workspace_file(ref: InstanceRef, path: Path) -> ProcessWorkspace:
    """Return the workspace that a file with the key `workspace` describes. No process is started yet.

    Args:
        ref: The instance that its runs belong to.
        path: The file.

    Raises:
        ConfigError: The file cannot be read or does not satisfy its schema.
        InvalidArgumentError: Two locations have one name.
    """
    return _workspace(ref, load_targets(path))


def _workspace(ref: InstanceRef | None, targets: Sequence[LocationTarget]) -> ProcessWorkspace:
    if ref is None:
        return ProcessWorkspace(targets)
    return ProcessWorkspace(targets, ref.to_dict, Path(ref.base_dir) / _LOG_FOLDER)
