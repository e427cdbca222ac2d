"""The workspace that a command works with: the instance's, or what `-w FILE` describes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

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


class WorkspaceOpener:
    """Opens the workspace of a command when it is first called, for commands that mostly need none.

    Args:
        open_instance: Opens the instance; only called when the workspace is.
        workspace_file: What `-w` named, if anything.
    """

    def __init__(
        self, open_instance: Callable[[], AbstractContextManager[Instance]], workspace_file: Path | None
    ) -> None:
        self._open_instance = open_instance
        self._file = workspace_file
        self._workspace: Workspace | None = None
        self._stack = ExitStack()

    @classmethod
    def of(cls, instance: Instance, workspace_file: Path | None) -> Self:
        """Return the opener for an instance that is open, and stays open."""
        return cls(lambda: nullcontext(instance), workspace_file)

    @property
    def is_named(self) -> bool:
        """Whether the command line names the workspace."""
        return self._file is not None

    def __call__(self) -> Workspace:
        """Return the workspace, always the same object. Raises as `open_workspace_file`."""
        if self._workspace is None:
            instance = self._stack.enter_context(self._open_instance())
            self._workspace = self._stack.enter_context(open_workspace(instance, self._file))
        return self._workspace

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()
