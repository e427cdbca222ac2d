"""The run launchers launch as every run launcher does."""

from runrack_process.conformance import TestDefaultRunLauncher, TestInProcessRunLauncher

__all__ = ["TestDefaultRunLauncher", "TestInProcessRunLauncher"]
