"""The workspace that a command works with: the instance's, or what `-w FILE` describes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from runrack.instance.instance import Instance
from runrack.interfaces.workspace import Workspace


def workspace_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command with the option `-w`, given as `workspace_file`."""
    return click.option(
        "-w",
        "--workspace",
        "workspace_file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="A YAML file that says where the code lies, instead of the `workspace` of runrack.yaml.",
    )(function)


@contextmanager
def open_workspace(instance: Instance, workspace_file: Path | None) -> Iterator[Workspace]:
    """Give the workspace of an instance, or the one that a file describes."""
    if workspace_file is None:
        yield instance.workspace
        return
    from runrack.instance.open_workspace import open_workspace_file

    workspace = open_workspace_file(instance.get_ref(), workspace_file)
    try:
        yield workspace
    finally:
        workspace.close()
