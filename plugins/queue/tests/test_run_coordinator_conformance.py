"""The run coordinators take runs in as every run coordinator does."""

from runrack_queue.conformance import TestDefaultRunCoordinator, TestQueuedRunCoordinator

__all__ = ["TestDefaultRunCoordinator", "TestQueuedRunCoordinator"]
