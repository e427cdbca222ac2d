"""The storages of runrack-memory satisfy the suites of the core."""

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.suite import Ability
from runrack_memory import MemoryEventLogStorage, MemoryRunStorage

ABILITIES = frozenset({Ability.KEEPS_NUL_IN_NAMES})


class TestMemoryRunStorage(RunStorageConformance):
    abilities = ABILITIES

    def make_storage(self, tmp_path):
        return MemoryRunStorage()


class TestMemoryEventLogStorage(EventLogStorageConformance):
    abilities = ABILITIES

    def make_storage(self, tmp_path):
        return MemoryEventLogStorage()
