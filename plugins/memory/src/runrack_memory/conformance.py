"""How the suites of `runrack.testing` make the storages of this package; `runrack plugins verify memory` runs them."""

from pathlib import Path

from typing_extensions import override

from runrack.testing.conformance.event_log_storage import EventLogStorageConformance
from runrack.testing.conformance.run_storage import RunStorageConformance
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.conformance.suite import Ability
from runrack_memory import MemoryEventLogStorage, MemoryRunStorage, MemoryScheduleStorage, MemoryStorage

_ABILITIES = frozenset({Ability.KEEPS_NUL_IN_NAMES})


class TestMemoryRunStorage(RunStorageConformance):
    """`MemoryRunStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> MemoryRunStorage:
        return MemoryRunStorage()


class TestMemoryEventLogStorage(EventLogStorageConformance):
    """`MemoryEventLogStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> MemoryEventLogStorage:
        return MemoryEventLogStorage()


class TestMemoryScheduleStorage(ScheduleStorageConformance):
    """`MemoryScheduleStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> MemoryScheduleStorage:
        return MemoryScheduleStorage()


class TestMemoryStorage(StorageConformance):
    """`MemoryStorage`."""

    abilities = _ABILITIES

    @override
    def make_storage(self, tmp_path: Path) -> MemoryStorage:
        return MemoryStorage()
