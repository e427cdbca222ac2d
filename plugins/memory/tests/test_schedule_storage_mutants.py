"""The suite of schedule storages rejects storages that are wrong in one point each."""

from pathlib import Path

from msgspec.structs import replace
from typing_extensions import override

from runrack.records.tick import InstigatorTick
from runrack.testing.conformance.schedule_storage import ScheduleStorageConformance
from runrack.testing.wrong_implementations import find_accepted, storage_suites
from runrack_memory import MemoryScheduleStorage


class ForgetsTheOrigin(MemoryScheduleStorage):
    @override
    def get_instigator_state(self, selector_id):
        state = super().get_instigator_state(selector_id)
        return None if state is None else replace(state, instigator_data=None)


class AddsOverWhatIsThere(MemoryScheduleStorage):
    @override
    def add_instigator_state(self, state):
        self._states.pop(state.selector_id, None)
        return super().add_instigator_state(state)


class AddsWhatItShouldUpdate(MemoryScheduleStorage):
    @override
    def update_instigator_state(self, state):
        self._states.setdefault(state.selector_id, state)
        return super().update_instigator_state(state)


class UpdatesNothing(MemoryScheduleStorage):
    @override
    def update_instigator_state(self, state):
        super().update_instigator_state(self._states.get(state.selector_id, state))
        return state


class DeletesInSilence(MemoryScheduleStorage):
    @override
    def delete_instigator_state(self, selector_id):
        self._states.pop(selector_id, None)


class DeletesEverything(MemoryScheduleStorage):
    @override
    def delete_instigator_state(self, selector_id):
        super().delete_instigator_state(selector_id)
        self._states.clear()


class IgnoresTheStatus(MemoryScheduleStorage):
    @override
    def all_instigator_state(
        self, repository_selector_id=None, instigator_type=None, instigator_statuses=None
    ):
        return super().all_instigator_state(repository_selector_id, instigator_type)


class IgnoresTheRepository(MemoryScheduleStorage):
    @override
    def all_instigator_state(
        self, repository_selector_id=None, instigator_type=None, instigator_statuses=None
    ):
        return super().all_instigator_state(None, instigator_type, instigator_statuses)


class ReusesTickIds(MemoryScheduleStorage):
    @override
    def create_tick(self, tick_data):
        self._last_tick_id = 0
        return super().create_tick(tick_data)


class UpdatesUnknownTicks(MemoryScheduleStorage):
    @override
    def update_tick(self, tick):
        self._ticks.setdefault(tick.tick_id, tick)
        return super().update_tick(tick)


class KeepsTheTimeOfATick(MemoryScheduleStorage):
    @override
    def update_tick(self, tick):
        known = self._ticks.get(tick.tick_id, tick)
        data = replace(tick.tick_data, timestamp=known.timestamp)
        return super().update_tick(InstigatorTick(tick.tick_id, data))


class OldestFirst(MemoryScheduleStorage):
    @override
    def get_ticks(self, *args, **kwargs):
        return super().get_ticks(*args, **kwargs)[::-1]


class TakesZeroForNoBound(MemoryScheduleStorage):
    @override
    def get_ticks(self, selector_ids=None, before=None, after=None, *args, **kwargs):
        return super().get_ticks(selector_ids, before or None, after or None, *args, **kwargs)


class TakesNoSelectorsForAll(MemoryScheduleStorage):
    @override
    def get_ticks(self, selector_ids=None, *args, **kwargs):
        return super().get_ticks(selector_ids or None, *args, **kwargs)


class LimitsOverall(MemoryScheduleStorage):
    @override
    def get_ticks(self, *args, limit=None, **kwargs):
        return super().get_ticks(*args, limit=limit, **kwargs)[:limit]


class AcceptsANegativeLimit(MemoryScheduleStorage):
    @override
    def get_ticks(self, *args, limit=None, **kwargs):
        return super().get_ticks(*args, limit=limit if limit is None else max(limit, 0), **kwargs)


class ListsSelectorsWithoutTicks(MemoryScheduleStorage):
    @override
    def get_batch_ticks(self, selector_ids, limit=None, statuses=None):
        found = super().get_batch_ticks(selector_ids, limit, statuses)
        return {selector_id: found.get(selector_id, []) for selector_id in selector_ids}


class PurgesUpToTheMoment(MemoryScheduleStorage):
    @override
    def purge_ticks(self, selector_id, before, tick_statuses=None):
        super().purge_ticks(selector_id, before + 1e-6, tick_statuses)


class PurgesEveryInstigator(MemoryScheduleStorage):
    @override
    def purge_ticks(self, selector_id, before, tick_statuses=None):
        for tick in self.get_ticks(before=before, statuses=tick_statuses):
            del self._ticks[tick.tick_id]


class WipesTicksOnly(MemoryScheduleStorage):
    @override
    def wipe(self):
        self._ticks.clear()


MUTANTS = {
    ForgetsTheOrigin: "test_a_state_is_read_back_equal",
    AddsOverWhatIsThere: "test_a_state_is_added_once",
    AddsWhatItShouldUpdate: "test_an_unknown_state_is_not_updated",
    UpdatesNothing: "test_a_state_is_replaced",
    DeletesInSilence: "test_an_unknown_state_is_not_updated",
    DeletesEverything: "test_a_deleted_state_is_gone",
    IgnoresTheStatus: "test_states_are_filtered",
    IgnoresTheRepository: "test_states_are_filtered",
    ReusesTickIds: "test_threads_create_ticks",
    UpdatesUnknownTicks: "test_an_unknown_tick_is_not_updated",
    KeepsTheTimeOfATick: "test_a_tick_is_updated",
    OldestFirst: "test_ticks_come_newest_first",
    TakesZeroForNoBound: "test_ticks_are_filtered",
    TakesNoSelectorsForAll: "test_no_ids_give_nothing",
    LimitsOverall: "test_a_limit_counts_per_selector",
    AcceptsANegativeLimit: "test_a_negative_limit_is_refused",
    ListsSelectorsWithoutTicks: "test_a_batch_is_the_newest_of_each",
    PurgesUpToTheMoment: "test_old_ticks_are_purged",
    PurgesEveryInstigator: "test_old_ticks_are_purged",
    WipesTicksOnly: "test_a_wipe_removes_everything",
}
"""A storage that is wrong in one point, and the test that is there to find it."""

globals().update(storage_suites(ScheduleStorageConformance, MUTANTS))


def test_every_wrong_schedule_storage_is_rejected(tmp_path):
    """Each storage that is wrong in one point fails the test that is there to find it."""
    assert find_accepted(Path(__file__), tmp_path) == []
