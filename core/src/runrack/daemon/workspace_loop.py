"""WorkspaceLoop: keeps the code locations of a daemon's workspace loaded, and new."""

from __future__ import annotations

import logging

from typing_extensions import override

from runrack.interfaces.daemon_loop import DaemonContext, DaemonLoop
from runrack.interfaces.workspace import Workspace

_logger = logging.getLogger("runrack.daemon")


class WorkspaceLoop(DaemonLoop):
    """Loads locations anew whose files have changed or whose process died.

    Args:
        workspace: The locations.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    @override
    def name(self) -> str:
        return "workspace"

    @property
    @override
    def interval_seconds(self) -> float:
        return 2.0

    @override
    def run_once(self, context: DaemonContext) -> None:
        for name in self._workspace.refresh():
            _logger.info("the code location %s was loaded anew", name)
            context.report_progress()
