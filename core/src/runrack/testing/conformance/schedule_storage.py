"""ScheduleStorageConformance: what it means to be a schedule storage."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from runrack.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.records.tick import (
    InstigatorOrigin,
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    InstigatorType,
    ScheduleInstigatorData,
    TickStatus,
)
from runrack.testing.builders import NOW, make_schedule_state, make_sensor_state, make_tick
from runrack.testing.conformance.suite import Ability, ConformanceSuite, in_threads, needs
from runrack.testing.conformance.tick_claims import TickClaimTests


def _selector(name: str) -> str:
    return InstigatorOrigin("location", name).selector_id


def _names(states: Sequence[InstigatorState]) -> list[str]:
    return [state.origin.instigator_name for state in states]


def _times(ticks: Sequence[InstigatorTick]) -> list[float]:
    return [tick.timestamp - NOW for tick in ticks]


class InstigatorStateTests(ConformanceSuite[ScheduleStorage]):
    """What the states of schedules and sensors do."""

    def test_a_state_is_read_back_equal(self, storage: ScheduleStorage) -> None:
        """States of schedules and sensors are read back with every field.

        Look at the codec: use `runrack.records.codec`, which knows every field.
        """
        data = ScheduleInstigatorData(("0 * * * *", "5 4 * * *"), NOW, NOW + 0.5)
        for state in (make_schedule_state(instigator_data=data), make_sensor_state()):
            assert storage.add_instigator_state(state) == state
            assert storage.get_instigator_state(state.selector_id) == state

    def test_a_missing_state_is_none(self, storage: ScheduleStorage) -> None:
        """An unknown selector id gives None.

        Look at what you return when no row is found.
        """
        assert storage.get_instigator_state("x") is None

    def test_a_state_is_added_once(self, storage: ScheduleStorage) -> None:
        """A second state with one selector id, also of another origin, raises and changes nothing.

        Look at the unique key: the selector id alone; and at the driver's error, which is to be translated.
        """
        state = make_schedule_state()
        moved = replace(state, origin=replace(state.origin, executable="/other"))
        storage.add_instigator_state(state)
        with pytest.raises(AlreadyExistsError):
            storage.add_instigator_state(moved)
        assert list(storage.all_instigator_state()) == [state]

    def test_a_state_is_replaced(self, storage: ScheduleStorage) -> None:
        """An update replaces the state with the same selector id, also after its origin moved.

        Look at the condition of the update: the selector id, not the origin.
        """
        state = make_schedule_state()
        storage.add_instigator_state(state)
        moved = replace(
            state, origin=replace(state.origin, executable="/other"), status=InstigatorStatus.STOPPED
        )
        assert storage.update_instigator_state(moved) == moved
        assert list(storage.all_instigator_state()) == [moved]

    def test_an_unknown_state_is_not_updated(self, storage: ScheduleStorage) -> None:
        """Updating or deleting a state that is not stored raises NotFoundError.

        Look at the count of rows that were changed, and for an upsert.
        """
        with pytest.raises(NotFoundError):
            storage.update_instigator_state(make_schedule_state())
        with pytest.raises(NotFoundError):
            storage.delete_instigator_state("x")
        assert list(storage.all_instigator_state()) == []

    def test_a_deleted_state_is_gone(self, storage: ScheduleStorage) -> None:
        """A deleted state is gone, the others stay, and it can be added again.

        Look at the condition of the deletion, and at a row that is only hidden.
        """
        state, other = make_schedule_state("a"), make_schedule_state("b")
        storage.add_instigator_state(state)
        storage.add_instigator_state(other)
        storage.delete_instigator_state(state.selector_id)
        assert list(storage.all_instigator_state()) == [other]
        storage.add_instigator_state(state)
        assert _names(storage.all_instigator_state()) == ["b", "a"]

    def test_states_are_filtered(self, storage: ScheduleStorage) -> None:
        """Every argument given must hold; statuses are any of; the order is that of adding.

        Look at the conditions, which AND joins, at an empty set of statuses, and at ORDER BY.
        """
        stopped, running = InstigatorStatus.STOPPED, InstigatorStatus.RUNNING
        states = [
            make_schedule_state("z", running),
            make_schedule_state("y", stopped),
            make_sensor_state("x", running),
            make_schedule_state("w", running, "elsewhere"),
            make_sensor_state("v", InstigatorStatus.DECLARED_IN_CODE),
        ]
        for state in states:
            storage.add_instigator_state(state)
        storage.update_instigator_state(states[1])

        def found(**arguments: Any) -> str:
            return "".join(_names(storage.all_instigator_state(**arguments)))

        assert (found(), found(instigator_statuses=set())) == ("zyxwv", "zyxwv")
        assert found(instigator_type=InstigatorType.SENSOR) == "xv"
        assert found(instigator_statuses={running}) == "zxw"
        assert found(instigator_statuses={running, stopped}, instigator_type=InstigatorType.SCHEDULE) == "zyw"
        here = InstigatorOrigin("location", "any").repository_selector_id
        assert found(repository_selector_id=here) == "zyxv"
        assert found(repository_selector_id="unknown") == ""

    def test_one_thread_adds_a_state(self, storage: ScheduleStorage) -> None:
        """Of 8 threads that add one state at once exactly one succeeds.

        Look at a look before the insert: let the unique key decide, and translate its error.
        """

        def add(_number: int) -> bool:
            try:
                storage.add_instigator_state(make_schedule_state())
            except AlreadyExistsError:
                return False
            return True

        assert sum(in_threads(add)) == 1


class TickTests(ConformanceSuite[ScheduleStorage]):
    """What ticks do."""

    def test_a_tick_is_read_back_equal(self, storage: ScheduleStorage) -> None:
        """A tick is stored under a new id and read back with every field.

        Look at the id that is given to the tick: it is part of what is read back.
        """
        ticks = [
            storage.create_tick(data)
            for data in (
                make_tick(run_ids=("1", "2"), run_keys=("k",), cursor="c", failure_count=2),
                make_tick(status=TickStatus.FAILURE, end_timestamp=NOW + 0.25),
                make_tick(status=TickStatus.SKIPPED, skip_reason="nothing new 🚀"),
            )
        ]
        assert len({tick.tick_id for tick in ticks}) == 3
        assert [storage.get_tick(tick.tick_id) for tick in ticks] == ticks

    def test_a_missing_tick_is_none(self, storage: ScheduleStorage) -> None:
        """An unknown id gives None.

        Look at what you return when no row is found.
        """
        assert storage.get_tick(1) is None

    def test_a_tick_is_updated(self, storage: ScheduleStorage) -> None:
        """An update replaces the data of one tick, and its time and status decide from then on.

        Look at columns that hold copies of time and status: the update renews them.
        """
        tick, other = storage.create_tick(make_tick()), storage.create_tick(make_tick())
        changed = tick.with_data(status=TickStatus.SUCCESS, timestamp=NOW + 5, run_ids=("1",))
        assert storage.update_tick(changed) == changed
        assert list(storage.get_ticks()) == [changed, other]
        assert list(storage.get_ticks(statuses=[TickStatus.SUCCESS])) == [changed]
        assert list(storage.get_ticks(after=NOW)) == [changed]

    def test_an_unknown_tick_is_not_updated(self, storage: ScheduleStorage) -> None:
        """Updating a tick that is not stored raises NotFoundError and stores nothing.

        Look at the count of rows that were changed, and for an upsert.
        """
        with pytest.raises(NotFoundError):
            storage.update_tick(InstigatorTick(999, make_tick()))
        assert list(storage.get_ticks()) == []

    def test_ticks_come_newest_first(self, storage: ScheduleStorage) -> None:
        """Ticks are ordered by timestamp, newest first, ties by newest id.

        Look at ORDER BY: timestamp, then id, both descending.
        """
        ids = [
            storage.create_tick(make_tick(timestamp=NOW + each)).tick_id for each in (1.0, 3.0, 2.0, 3.0, 1.5)
        ]
        found = [tick.tick_id for tick in storage.get_ticks()]
        assert found == [ids[3], ids[1], ids[2], ids[4], ids[0]]

    def test_ticks_are_filtered(self, storage: ScheduleStorage) -> None:
        """Every argument given must hold; bounds are strict, and 0.0 is one.

        Look at each bound: strict, and told from None by `is None`.
        """
        statuses = [TickStatus.SUCCESS, TickStatus.FAILURE, TickStatus.SKIPPED, TickStatus.STARTED]
        ticks = [
            storage.create_tick(make_tick("a", NOW + index, status)) for index, status in enumerate(statuses)
        ]
        storage.create_tick(make_tick("b", NOW + 9))

        def found(**arguments: Any) -> list[float]:
            return _times(storage.get_ticks([_selector("a")], **arguments))

        assert found() == [3, 2, 1, 0]
        assert (found(before=NOW + 2), found(after=NOW + 2)) == ([1, 0], [3])
        assert (found(before=0.0), found(after=0.0)) == ([], [3, 2, 1, 0])
        assert found(statuses=[TickStatus.SUCCESS, TickStatus.SKIPPED]) == [2, 0]
        assert found(statuses=[]) == [3, 2, 1, 0]
        assert found(tick_ids=[ticks[1].tick_id, 999]) == [1]
        assert found(after=NOW, before=NOW + 3, statuses=[TickStatus.FAILURE], limit=1) == [1]

    def test_no_ids_give_nothing(self, storage: ScheduleStorage) -> None:
        """Empty `selector_ids` or `tick_ids` give nothing.

        Look at a test such as `if selector_ids:` that takes an empty list for None.
        """
        storage.create_tick(make_tick())
        assert list(storage.get_ticks([])) == []
        assert list(storage.get_ticks(tick_ids=[])) == []

    def test_a_limit_counts_per_selector(self, storage: ScheduleStorage) -> None:
        """A limit counts per selector id when those are given, also among ties, else overall; 0 gives nothing.

        Look at the window (ROW_NUMBER over each selector), its order among ties, and at 0.
        """
        for name, offset in (("a", 0), ("a", 2), ("a", 2), ("b", 1), ("c", 5)):
            storage.create_tick(make_tick(name, NOW + offset))
        both = [_selector("a"), _selector("b")]
        assert _times(storage.get_ticks(both, limit=1)) == [2, 1]
        assert _times(storage.get_ticks(both, limit=2)) == [2, 2, 1]
        assert _times(storage.get_ticks(limit=2)) == [5, 2]
        assert (list(storage.get_ticks(limit=0)), list(storage.get_ticks(both, limit=0))) == ([], [])

    def test_a_negative_limit_is_refused(self, storage: ScheduleStorage) -> None:
        """A negative limit raises InvalidArgumentError.

        Look at whether the limit is checked before it reaches the database, where -1 may mean all.
        """
        with pytest.raises(InvalidArgumentError):
            storage.get_ticks(limit=-1)

    def test_a_batch_is_the_newest_of_each(self, storage: ScheduleStorage) -> None:
        """`get_batch_ticks` gives selector id to its newest ticks; selector ids without ticks are left out.

        Look at the grouping of the result, and at selector ids that have no row.
        """
        for name, offset in (("a", 0), ("a", 2), ("b", 1)):
            storage.create_tick(make_tick(name, NOW + offset))
        asked = [_selector(name) for name in ("a", "b", "c")]
        newest = {key: _times(ticks) for key, ticks in storage.get_batch_ticks(asked, limit=1).items()}
        assert newest == {_selector("a"): [2], _selector("b"): [1]}
        everything = storage.get_batch_ticks(asked)
        assert _times(everything[_selector("a")]) == [2, 0]
        assert dict(storage.get_batch_ticks(asked, statuses=[TickStatus.SUCCESS])) == {}

    def test_a_limit_counts_per_selector_over_statuses(self, storage: ScheduleStorage) -> None:
        """Of several statuses together the newest ticks of each selector id are given, as many as the limit says.

        Look for one query for each status: together they give too many.
        """
        for offset, status in enumerate(
            (
                TickStatus.SUCCESS,
                TickStatus.SKIPPED,
                TickStatus.STARTED,
                TickStatus.SUCCESS,
                TickStatus.SKIPPED,
            )
        ):
            storage.create_tick(make_tick("a", NOW + offset, status))
            storage.create_tick(make_tick("b", NOW + 10 + offset, status))
        wanted = {TickStatus.SUCCESS, TickStatus.SKIPPED}
        newest = storage.get_batch_ticks([_selector("a"), _selector("b")], limit=3, statuses=wanted)
        assert {key: _times(ticks) for key, ticks in newest.items()} == {
            _selector("a"): [4, 3, 1],
            _selector("b"): [14, 13, 11],
        }

    def test_a_batch_may_be_large(self, storage: ScheduleStorage) -> None:
        """The newest ticks of 600 instigators are found in one call, and 600 ticks by their ids.

        Look at the number of parameters of one statement: ask in portions.
        """
        ids = [storage.create_tick(make_tick(str(number), NOW + number)).tick_id for number in range(600)]
        asked = [_selector(str(number)) for number in range(600)]
        newest = storage.get_batch_ticks(asked, limit=1)
        assert [_times(newest[selector_id]) for selector_id in asked] == [[number] for number in range(600)]
        assert [tick.tick_id for tick in storage.get_ticks(tick_ids=ids)] == ids[::-1]
        assert [tick.tick_id for tick in storage.get_ticks(tick_ids=ids, limit=2)] == ids[:-3:-1]
        assert len(storage.get_ticks(asked)) == 600

    def test_old_ticks_are_purged(self, storage: ScheduleStorage) -> None:
        """A purge removes ticks of one instigator before a moment, only of some statuses when they are given.

        Look at the conditions of the deletion: selector, strictly before, and the statuses when given.
        """
        for name, offset, status in (
            ("a", 0, TickStatus.SKIPPED),
            ("a", 1, TickStatus.SUCCESS),
            ("a", 2, TickStatus.SKIPPED),
            ("b", 0, TickStatus.SKIPPED),
        ):
            storage.create_tick(make_tick(name, NOW + offset, status))
        storage.purge_ticks(_selector("a"), NOW + 2, [TickStatus.SKIPPED])
        assert _times(storage.get_ticks([_selector("a")])) == [2, 1]
        storage.purge_ticks(_selector("a"), NOW + 2)
        assert _times(storage.get_ticks([_selector("a")])) == [2]
        assert _times(storage.get_ticks([_selector("b")])) == [0]

    def test_threads_create_ticks(self, storage: ScheduleStorage) -> None:
        """8 threads that create ticks at once get an id of their own for each.

        Look at where ids come from, and at the lock around giving one and inserting.
        """
        created = in_threads(lambda _number: [storage.create_tick(make_tick()).tick_id for _ in range(20)])
        assert len({tick_id for each in created for tick_id in each}) == 160

    def test_a_wipe_removes_everything(self, storage: ScheduleStorage) -> None:
        """`wipe` removes all states and ticks.

        Look at the list of tables in `wipe`.
        """
        storage.add_instigator_state(make_schedule_state())
        storage.create_tick(make_tick())
        storage.wipe()
        assert (list(storage.all_instigator_state()), list(storage.get_ticks())) == ([], [])


class ScheduleStorageConformance(InstigatorStateTests, TickTests, TickClaimTests):
    """The tests of a schedule storage."""

    @needs(Ability.SURVIVES_REOPEN)
    def test_schedules_survive(self, storage: ScheduleStorage) -> None:
        """States and ticks are there after the storage was opened again.

        Look at what is kept in memory only, and at a commit that is missing.
        """
        state = storage.add_instigator_state(make_schedule_state())
        tick = storage.create_tick(make_tick())
        open_again = self.opener(storage)
        storage.dispose()
        again = open_again()
        assert list(again.all_instigator_state()) == [state]
        assert list(again.get_ticks()) == [tick]
        again.dispose()

    def test_disposing_twice_is_harmless(self, storage: ScheduleStorage) -> None:
        """`dispose` can be repeated.

        Look at what `dispose` closes: closing again must do nothing.
        """
        storage.dispose()
        storage.dispose()
