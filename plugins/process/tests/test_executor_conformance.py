"""The executors do what every executor does."""

from runrack_process.conformance import TestInProcessExecutor, TestMultiprocessExecutor

__all__ = ["TestInProcessExecutor", "TestMultiprocessExecutor"]
