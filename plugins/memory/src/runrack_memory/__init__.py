"""Storages that keep everything in memory: private to the object, shared by its threads, gone with it."""

from runrack_memory.event_log_storage import MemoryEventLogStorage
from runrack_memory.run_storage import MemoryRunStorage
from runrack_memory.schedule_storage import MemoryScheduleStorage
from runrack_memory.storage import MemoryStorage

__all__ = ["MemoryEventLogStorage", "MemoryRunStorage", "MemoryScheduleStorage", "MemoryStorage"]
