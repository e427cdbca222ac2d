"""The storages of runrack-memory satisfy the suites of the core."""

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import Ability
from runrack_memory import MemoryEventLogStorage, MemoryRunStorage, MemoryScheduleStorage, MemoryStorage

ABILITIES = frozenset({Ability.KEEPS_NUL_IN_NAMES})


class TestMemoryRunStorage(RunStorageConformance):
    abilities = ABILITIES

    def make_storage(self, tmp_path):
        return MemoryRunStorage()


class TestMemoryEventLogStorage(EventLogStorageConformance):
    abilities = ABILITIES

    def make_storage(self, tmp_path):
        return MemoryEventLogStorage()


class TestMemoryScheduleStorage(ScheduleStorageConformance):
    abilities = ABILITIES

    def make_storage(self, tmp_path):
        return MemoryScheduleStorage()


class TestMemoryStorage(StorageConformance):
    abilities = ABILITIES

    def make_storage(self, tmp_path):
        return MemoryStorage()
