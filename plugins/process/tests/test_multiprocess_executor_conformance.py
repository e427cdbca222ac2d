"""The multiprocess executor does what every executor does."""

from runrack.testing.conformance.executor import ExecutorConformance
from runrack.testing.conformance.suite import Ability
from runrack_process import multiprocess_executor


class TestMultiprocessExecutor(ExecutorConformance):
    """multiprocess_executor."""

    abilities = frozenset({Ability.RUNS_STEPS_AT_ONCE, Ability.SEPARATES_PROCESSES})

    def make_executor(self, limit):
        return multiprocess_executor.configured({"max_concurrent": limit})
