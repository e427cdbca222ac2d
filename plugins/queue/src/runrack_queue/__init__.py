"""Run coordinators: who decides when a submitted run is launched."""

from runrack_queue.default_run_coordinator import DefaultRunCoordinator

__all__ = ["DefaultRunCoordinator"]
