"""Which loops an instance has: those that its parts bring, and those of the core."""

from __future__ import annotations

from runrack.daemon.monitoring import MonitoringLoop
from runrack.daemon.queue_watch import QueueWatch
from runrack.daemon.retention_loop import RetentionLoop
from runrack.daemon.retry_loop import RetryLoop
from runrack.daemon.workspace_loop import WorkspaceLoop
from runrack.errors import InvariantViolationError
from runrack.instance.daemon_settings import DaemonSettings
from runrack.instance.instance import Instance
from runrack.interfaces.daemon_loop import DaemonLoop, SupportsDaemonLoops
from runrack.interfaces.run_coordinator import SupportsQueue
from runrack.interfaces.workspace import Workspace


def collect_loops(instance: Instance, workspace: Workspace | None = None) -> list[DaemonLoop]:
    """Return the loops that a daemon runs for an instance.

    Raises:
        InvariantViolationError: Two parts bring loops of the same name; or runs that have lost their worker are to be given a
            new one, and the launcher cannot do that.
    """
    parts: tuple[object, ...] = (
        instance.storage,
        instance.run_coordinator,
        instance.run_launcher,
        instance.scheduler,
        instance.compute_log_manager,
    )
    loops = [loop for part in parts if isinstance(part, SupportsDaemonLoops) for loop in part.daemon_loops()]
    if instance.run_monitoring.enabled:
        loops.append(MonitoringLoop(instance, instance.run_monitoring))
    if instance.run_retries.enabled:
        loops.append(RetryLoop(instance, instance.run_retries))
    if isinstance(instance.run_coordinator, SupportsQueue):
        daemon = DaemonSettings.from_settings(instance.get_settings("daemon"))
        loops.append(QueueWatch(instance, daemon.stuck_after_seconds))
    loops.append(RetentionLoop(instance))
    if workspace is not None:
        loops.append(WorkspaceLoop(workspace))
    _check_names([loop.name for loop in loops])
    return loops


def _check_names(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvariantViolationError(
            f"two parts of this instance bring a daemon loop called {twice[0]!r}: each needs a name of its own"
        )
