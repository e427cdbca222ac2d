"""EventLogStorage: the log of events with what follows from it: assets, dynamic partitions, concurrency slots."""

from abc import ABC

from runrack.interfaces.asset_catalog import AssetCatalog
from runrack.interfaces.concurrency_slots import ConcurrencySlots
from runrack.interfaces.dynamic_partitions import DynamicPartitions
from runrack.interfaces.event_log import EventLog
from runrack.interfaces.part import InstancePart


class EventLogStorage(EventLog, AssetCatalog, DynamicPartitions, ConcurrencySlots, InstancePart, ABC):
    """Keeps the event log and its projections: four concerns, each with an interface of its own."""
