"""Run coordinators: who decides when a submitted run is launched."""

from runrack_queue.default_run_coordinator import DefaultRunCoordinator
from runrack_queue.queued_run_coordinator import QueuedRunCoordinator

__all__ = ["DefaultRunCoordinator", "QueuedRunCoordinator"]
