"""The suites of combined storages and of schedule storages reject storages that are wrong in one point each."""

from pathlib import Path

import msgspec
from typing_extensions import override

from runrack.errors import NotFoundError
from runrack.interfaces.part import InstancePart
from runrack.records.event_type import STATUS_AFTER
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.conformance.storage import StorageConformance
from runrack.testing.wrong_implementations import find_accepted, storage_suites
from runrack_memory import MemoryEventLogStorage, MemoryRunStorage, MemoryScheduleStorage, MemoryStorage


class MakesItsPartsAnew(MemoryStorage):
    @property
    @override
    def run_storage(self):
        return MemoryRunStorage()


class ForgetsRuns(MemoryStorage):
    @override
    def store_events(self, entries, *, epoch=None):
        return self.event_log_storage.store_events(entries)


class MovesRunsBeforeItStores(MemoryStorage):
    @override
    def store_events(self, entries, *, epoch=None):
        late = {entry.event_id for entry in self._new_ones(entries) if self._is_late(entry, epoch)}
        return self.event_log_storage.store_events(entries, late_event_ids=late)


class JudgesRepeatedEventsAgain(MemoryStorage):
    @override
    def _new_ones(self, entries):
        return iter(entries)

    @override
    def _is_late(self, entry, epoch):
        known = self.event_log_storage._journal.find(entry.event_id)
        late = super()._is_late(entry, epoch)
        if known is not None and late:
            self.event_log_storage._journal._records[known.storage_id] = msgspec.structs.replace(
                known, late=True
            )
        return late


class IgnoresTheEpoch(MemoryStorage):
    @override
    def _is_late(self, entry, epoch):
        return super()._is_late(entry, None)


class MarksNothingLate(MemoryStorage):
    @override
    def _is_late(self, entry, epoch):
        super()._is_late(entry, epoch)
        return False


class TakesUnknownRunsForLate(MemoryStorage):
    @override
    def _is_late(self, entry, epoch):
        is_known = self.run_storage.has_run(entry.run_id)
        return super()._is_late(entry, epoch) or (not is_known and entry.event_type in STATUS_AFTER)


class TakesTheTimeOfTheClock(MemoryStorage):
    @override
    def _is_late(self, entry, epoch):
        if entry.event_type not in STATUS_AFTER:
            return False
        return not self.run_storage.handle_run_event(entry.run_id, entry.event, epoch=epoch)


class FreesSlotsAtALateEnd(MemoryStorage):
    @override
    def _is_late(self, entry, epoch):
        late = super()._is_late(entry, epoch)
        if late:
            self.event_log_storage.free_concurrency_slots_for_run(entry.run_id)
        return late


class KeepsSlotsAtTheEnd(MemoryStorage):
    def __init__(self, inst_data=None):
        super().__init__(inst_data)
        self.event_log_storage.free_concurrency_slots_for_run = lambda run_id: None


class KeepsTheLogOfADeletedRun(MemoryStorage):
    @override
    def delete_run(self, run_id):
        self.run_storage.delete_run(run_id)


class GivesTheCatalogNothing(MemoryStorage):
    def __init__(self, inst_data=None):
        super().__init__(inst_data)
        self._events = _EventLogWithoutCatalog(lock=self._lock)


class _EventLogWithoutCatalog(MemoryEventLogStorage):
    @override
    def _store(self, entry, *, late):
        return self._journal.append(entry, late=late)


class LetsLateEventsMakeAssets(MemoryStorage):
    def __init__(self, inst_data=None):
        super().__init__(inst_data)
        self._events = _EventLogThatAppliesAll(lock=self._lock)


class _EventLogThatAppliesAll(MemoryEventLogStorage):
    @override
    def _store(self, entry, *, late):
        record = super()._store(entry, late=late)
        if late and record.asset_key is not None:
            self._asset(record.asset_key).apply(record)
        return record


class FencesRunEventsOnly(MemoryStorage):
    @override
    def _is_late(self, entry, epoch):
        is_run_event = entry.event is not None and entry.event.is_run_event
        return super()._is_late(entry, epoch if is_run_event else None)


class RegistersOnlyItself(MemoryStorage):
    @override
    def register_instance(self, instance):
        InstancePart.register_instance(self, instance)


class AppliesABatchBackwards(MemoryStorage):
    @override
    def store_events(self, entries, *, epoch=None):
        return super().store_events(entries[::-1], epoch=epoch)


STORAGES = {
    RegistersOnlyItself: "test_the_parts_know_the_instance",
    AppliesABatchBackwards: "test_a_batch_is_applied_in_its_order",
    MakesItsPartsAnew: "test_the_parts_stay_the_same",
    ForgetsRuns: "test_an_event_moves_its_run",
    MovesRunsBeforeItStores: "test_all_or_none",
    JudgesRepeatedEventsAgain: "test_a_repeated_write_changes_nothing",
    IgnoresTheEpoch: "test_an_old_epoch_is_late",
    MarksNothingLate: "test_an_event_that_may_not_be_applied_is_late",
    TakesUnknownRunsForLate: "test_an_event_of_an_unknown_run_is_stored",
    TakesTheTimeOfTheClock: "test_an_event_moves_its_run",
    FreesSlotsAtALateEnd: "test_a_late_end_frees_nothing",
    KeepsSlotsAtTheEnd: "test_the_end_of_a_run_frees_its_slots",
    KeepsTheLogOfADeletedRun: "test_a_deleted_run_leaves_nothing",
    GivesTheCatalogNothing: "test_assets_follow",
    LetsLateEventsMakeAssets: "test_a_late_materialization_makes_no_asset",
    FencesRunEventsOnly: "test_an_old_epoch_is_late",
}
"""A storage that is wrong in one point, and the test that is there to find it."""


class UpdatesWhatIsMissing(MemoryScheduleStorage):
    @override
    def update_instigator_state(self, state):
        self._states[state.selector_id] = state
        return state


class DeletesSilently(MemoryScheduleStorage):
    @override
    def delete_instigator_state(self, selector_id):
        self._states.pop(selector_id, None)


class AddsTwice(MemoryScheduleStorage):
    @override
    def add_instigator_state(self, state):
        self._states[state.selector_id] = state
        return state


class IgnoresTheLocation(MemoryScheduleStorage):
    @override
    def all_instigator_state(self, repository_selector_id=None, *args, **kwargs):
        return super().all_instigator_state(None, *args, **kwargs)


class UpdatesMissingTicksSilently(MemoryScheduleStorage):
    @override
    def update_tick(self, tick):
        try:
            return super().update_tick(tick)
        except NotFoundError:
            return tick


class LimitsOverall(MemoryScheduleStorage):
    @override
    def get_ticks(self, selector_ids=None, before=None, after=None, limit=None, *args, **kwargs):
        return super().get_ticks(selector_ids, before, after, None, *args, **kwargs)[:limit]


class IncludesTheBounds(MemoryScheduleStorage):
    @override
    def get_ticks(self, selector_ids=None, before=None, after=None, *args, **kwargs):
        later = None if before is None else before + 1e-6
        return super().get_ticks(selector_ids, later, after, *args, **kwargs)


class TakesZeroForNoBound(MemoryScheduleStorage):
    @override
    def get_ticks(self, selector_ids=None, before=None, after=None, *args, **kwargs):
        return super().get_ticks(selector_ids, before or None, after, *args, **kwargs)


class TakesNoSelectorsForAll(MemoryScheduleStorage):
    @override
    def get_ticks(self, selector_ids=None, *args, **kwargs):
        return super().get_ticks(selector_ids or None, *args, **kwargs)


class OrdersTiesByAge(MemoryScheduleStorage):
    @override
    def get_ticks(self, *args, **kwargs):
        return sorted(super().get_ticks(*args, **kwargs), key=lambda tick: (-tick.timestamp, tick.tick_id))


class PurgesEveryStatus(MemoryScheduleStorage):
    @override
    def purge_ticks(self, selector_id, before, tick_statuses=None):
        super().purge_ticks(selector_id, before)


SCHEDULE_STORAGES = {
    UpdatesWhatIsMissing: "test_an_unknown_state_is_not_updated",
    DeletesSilently: "test_an_unknown_state_is_not_updated",
    AddsTwice: "test_a_state_is_added_once",
    IgnoresTheLocation: "test_states_are_filtered",
    UpdatesMissingTicksSilently: "test_an_unknown_tick_is_not_updated",
    LimitsOverall: "test_a_limit_counts_per_selector",
    IncludesTheBounds: "test_ticks_are_filtered",
    TakesZeroForNoBound: "test_ticks_are_filtered",
    TakesNoSelectorsForAll: "test_no_ids_give_nothing",
    OrdersTiesByAge: "test_ticks_come_newest_first",
    PurgesEveryStatus: "test_old_ticks_are_purged",
}
"""A storage that is wrong in one point, and the test that is there to find it."""

globals().update(storage_suites(StorageConformance, STORAGES))
globals().update(storage_suites(ScheduleStorageConformance, SCHEDULE_STORAGES))


def test_every_wrong_storage_is_rejected(tmp_path):
    """Each storage that is wrong in one point fails the test that is there to find it."""
    assert find_accepted(Path(__file__), tmp_path) == []
