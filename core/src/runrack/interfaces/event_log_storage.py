"""EventLogStorage: the log of events with what follows from it: assets, dynamic partitions, concurrency slots."""

from abc import ABC

from typing_extensions import override

from runrack.interfaces.asset_history import AssetHistory
from runrack.interfaces.concurrency_slots import ConcurrencySlots
from runrack.interfaces.dynamic_partitions import DynamicPartitions
from runrack.interfaces.part import InstancePart


class EventLogStorage(AssetHistory, DynamicPartitions, ConcurrencySlots, InstancePart, ABC):
    """Keeps the event log and its projections: four concerns, each with an interface of its own."""

    @override
    def dispose(self) -> None:
        self.end_all_watches()
        super().dispose()
