"""The storages of runrack-memory satisfy the suites of the core."""

from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.suite import Ability
from runrack_memory import MemoryRunStorage


class TestMemoryRunStorage(RunStorageConformance):
    abilities = frozenset({Ability.KEEPS_NUL_IN_NAMES})

    def make_storage(self, tmp_path):
        return MemoryRunStorage()
