"""A schedule storage in one SQLite file, by Python's own driver."""

from runrack_ledger.storage import LedgerScheduleStorage

__all__ = ["LedgerScheduleStorage"]
