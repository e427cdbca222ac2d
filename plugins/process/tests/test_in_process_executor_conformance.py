"""The in_process executor does what every executor does."""

from runrack.testing.conformance.executor import ExecutorConformance
from runrack_process import in_process_executor


class TestInProcessExecutor(ExecutorConformance):
    """in_process_executor."""

    def make_executor(self, limit):
        return in_process_executor
