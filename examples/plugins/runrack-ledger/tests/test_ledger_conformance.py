"""The ledger does what the interface of schedule storages says."""

from functools import partial

from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.suite import Ability
from runrack_ledger import LedgerScheduleStorage


class TestLedgerScheduleStorage(ScheduleStorageConformance):
    abilities = frozenset({Ability.SURVIVES_REOPEN, Ability.SHARES_BETWEEN_PROCESSES})

    def make_storage(self, tmp_path):
        self.folder = tmp_path
        return LedgerScheduleStorage(tmp_path)

    def opener(self, storage):
        return partial(LedgerScheduleStorage, self.folder)
