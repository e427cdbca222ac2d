"""SchedulerStates: how schedules and sensors are started, stopped and reset, and what is stored of that."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from typing_extensions import override

from runrack.interfaces.scheduler import Scheduler
from runrack.records.tick import (
    InstigatorOrigin,
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
)
from runrack.testing.builders import make_sensor_state
from runrack.testing.conformance.awkward_names import AWKWARD_NAMES
from runrack.testing.conformance.suite import ConformanceSuite, in_threads
from runrack.testing.scheduling import START, SchedulingHouse, scheduling_house

RUNNING = InstigatorStatus.RUNNING
STOPPED = InstigatorStatus.STOPPED
DECLARED_IN_CODE = InstigatorStatus.DECLARED_IN_CODE
HOURLY = "0 * * * *"
ORIGIN = InstigatorOrigin("location", "sensor")


class SchedulerStates(ConformanceSuite[Any]):
    """The tests of what a scheduler stores when somebody starts, stops or resets something."""

    @abstractmethod
    def make_scheduler(self, now: Callable[[], float]) -> Scheduler:
        """Return a new scheduler; a test registers it with an instance.

        Args:
            now: Gives the time, in seconds since 1970; the scheduler's daemon loops go by it.
        """

    @override
    def make_storage(self, tmp_path: Path) -> Scheduler:
        return self.make_scheduler(lambda: START)

    @pytest.fixture
    def house(self, tmp_path: Path) -> Iterator[SchedulingHouse]:
        """A new scheduler with an instance around it."""
        with scheduling_house(self.make_scheduler, tmp_path) as house:
            yield house

    def test_a_started_schedule_is_stored(self, house: SchedulingHouse) -> None:
        """Starting stores a schedule as RUNNING, with its expressions, its zone and its start.

        Look at the `ScheduleInstigatorData` that `start_schedule` makes: every argument has its place in it.
        """
        started = house.scheduler.start_schedule(house.storage, ORIGIN, HOURLY, START, "Asia/Tokyo")
        data = ScheduleInstigatorData(HOURLY, START, execution_timezone="Asia/Tokyo")
        assert started == InstigatorState(ORIGIN, InstigatorType.SCHEDULE, RUNNING, data)
        assert house.storage.get_instigator_state(ORIGIN.selector_id) == started

    def test_several_expressions_are_stored(self, house: SchedulingHouse) -> None:
        """A schedule with several cron expressions keeps them all, in their order.

        Look for code that takes `cron_schedule` for a string.
        """
        crons = ("0 6 * * *", "0 18 * * 1-5")
        house.scheduler.start_schedule(house.storage, ORIGIN, crons, START)
        assert _schedule_data(house).cron_schedule == crons

    def test_a_second_start_changes_nothing(self, house: SchedulingHouse) -> None:
        """A schedule that runs already keeps its first start, and `start_schedule` returns it as it is.

        Look at what `start_schedule` does with a stored state in RUNNING: a later start would lose ticks.
        """
        first = house.scheduler.start_schedule(house.storage, ORIGIN, HOURLY, START)
        assert house.scheduler.start_schedule(house.storage, ORIGIN, HOURLY, START + 60) == first
        assert house.storage.get_instigator_state(ORIGIN.selector_id) == first

    def test_a_stopped_schedule_has_no_start(self, house: SchedulingHouse) -> None:
        """Stopping stores STOPPED and takes the start away.

        Look at `stop_schedule`: a start that stays would let the schedule make up for the time in which it stood.
        """
        house.scheduler.start_schedule(house.storage, ORIGIN, HOURLY, START)
        stopped = house.scheduler.stop_schedule(house.storage, ORIGIN, HOURLY)
        assert (stopped.status, _schedule_data(house).start_timestamp) == (STOPPED, None)
        assert house.storage.get_instigator_state(ORIGIN.selector_id) == stopped

    def test_a_schedule_that_was_never_started_can_be_stopped(self, house: SchedulingHouse) -> None:
        """Stopping what only its code declares to run stores STOPPED.

        Look for an early return where nothing is stored: the schedule would go on.
        """
        stopped = house.scheduler.stop_schedule(house.storage, ORIGIN, HOURLY)
        assert house.storage.get_instigator_state(ORIGIN.selector_id) == stopped
        assert stopped.status is STOPPED

    def test_a_schedule_starts_anew(self, house: SchedulingHouse) -> None:
        """A schedule that was stopped, or reset, has a new start when it is started again.

        Look at which stored states count as "was started before": only one in RUNNING does.
        """
        scheduler, storage = house.scheduler, house.storage
        scheduler.start_schedule(storage, ORIGIN, HOURLY, START)
        scheduler.stop_schedule(storage, ORIGIN, HOURLY)
        scheduler.start_schedule(storage, ORIGIN, HOURLY, START + 60)
        assert _schedule_data(house).start_timestamp == START + 60
        scheduler.reset_schedule(storage, ORIGIN, HOURLY)
        scheduler.start_schedule(storage, ORIGIN, HOURLY, START + 120)
        assert _schedule_data(house).start_timestamp == START + 120

    def test_a_reset_schedule_is_left_to_its_code(self, house: SchedulingHouse) -> None:
        """Resetting stores DECLARED_IN_CODE, whatever was stored, and without a start.

        Look at `reset_schedule` for each of: nothing stored, RUNNING, STOPPED, DECLARED_IN_CODE.
        """
        scheduler, storage = house.scheduler, house.storage
        for prepare in (
            lambda: None,
            lambda: scheduler.start_schedule(storage, ORIGIN, HOURLY, START),
            lambda: scheduler.stop_schedule(storage, ORIGIN, HOURLY),
            lambda: None,
        ):
            prepare()
            state = scheduler.reset_schedule(storage, ORIGIN, HOURLY)
            assert (state.status, _schedule_data(house).start_timestamp) == (DECLARED_IN_CODE, None)
            assert storage.get_instigator_state(ORIGIN.selector_id) == state

    def test_a_repeated_stop_changes_nothing(self, house: SchedulingHouse) -> None:
        """Stopping twice is stopping once.

        Look for an error, or a second state, when a stopped schedule or sensor is stopped.
        """
        scheduler, storage = house.scheduler, house.storage
        assert scheduler.stop_schedule(storage, ORIGIN, HOURLY) == scheduler.stop_schedule(
            storage, ORIGIN, HOURLY
        )
        other = InstigatorOrigin("location", "other")
        assert scheduler.stop_sensor(storage, other, 30) == scheduler.stop_sensor(storage, other, 30)
        assert len(storage.all_instigator_state()) == 2

    def test_sensors_are_started_stopped_and_reset(self, house: SchedulingHouse) -> None:
        """A sensor gets the status that was asked for, and its interval; what is returned is what is stored.

        Look at the type of the state (SENSOR), at `min_interval`, and at what is returned.
        """
        scheduler, storage = house.scheduler, house.storage
        for act, status in (
            (scheduler.start_sensor, RUNNING),
            (scheduler.stop_sensor, STOPPED),
            (scheduler.reset_sensor, DECLARED_IN_CODE),
            (scheduler.start_sensor, RUNNING),
        ):
            state = act(storage, ORIGIN, 45.0)
            data = SensorInstigatorData(min_interval=45.0)
            assert state == InstigatorState(ORIGIN, InstigatorType.SENSOR, status, data)
            assert storage.get_instigator_state(ORIGIN.selector_id) == state

    def test_a_sensor_keeps_what_it_remembers(self, house: SchedulingHouse) -> None:
        """Starting, stopping and resetting leave a sensor's cursor, its last run key and the time of its last tick.

        Look for code that stores new `SensorInstigatorData` over the stored ones: the sensor would begin from nothing.
        """
        scheduler, storage = house.scheduler, house.storage
        memory = SensorInstigatorData(START, "key", 30.0, "bookmark")
        storage.add_instigator_state(replace(make_sensor_state(), instigator_data=memory))
        for act in (scheduler.stop_sensor, scheduler.start_sensor, scheduler.reset_sensor):
            assert act(storage, ORIGIN, 30.0).instigator_data == memory

    def test_names_are_kept_apart(self, house: SchedulingHouse) -> None:
        """Any two names, and the same name in two locations, have states of their own.

        Look at the key under which states are found: it is the selector id, never the bare name.
        """
        scheduler, storage = house.scheduler, house.storage
        origins = [InstigatorOrigin("a", name) for name in AWKWARD_NAMES if "\ud800" not in name]
        origins = [origin for origin in origins if "\0" not in origin.instigator_name]
        origins.append(InstigatorOrigin("b", "a"))
        for number, origin in enumerate(origins):
            scheduler.start_schedule(storage, origin, HOURLY, START + number)
        found = {state.origin: state.instigator_data for state in storage.all_instigator_state()}
        starts = {origin: ScheduleInstigatorData(HOURLY, START + each) for each, origin in enumerate(origins)}
        assert found == starts

    def test_threads_agree_on_one_start(self, house: SchedulingHouse) -> None:
        """Of many who start a schedule at once one does; all get the same state.

        Look for a look at the storage that is followed by a write: use `change_instigator_state` or `store_state`.
        """

        def start(number: int) -> InstigatorState:
            return house.scheduler.start_schedule(house.storage, ORIGIN, HOURLY, START + number)

        assert len(set(map(repr, in_threads(start)))) == 1
        assert len(house.storage.all_instigator_state()) == 1

    def test_schedulers_share_the_states(self, house: SchedulingHouse) -> None:
        """What one scheduler started, another stops, and the first sees that at once.

        Look for states that are kept in the scheduler's memory: the storage alone knows them.
        """
        first, second, storage = house.scheduler, house.new_scheduler(), house.storage
        started = first.start_schedule(storage, ORIGIN, HOURLY, START)
        assert second.start_schedule(storage, ORIGIN, HOURLY, START + 60) == started
        second.stop_schedule(storage, ORIGIN, HOURLY)
        assert (
            first.start_schedule(storage, ORIGIN, HOURLY, START + 120).instigator_data
            != started.instigator_data
        )
        second.dispose()

    def test_every_origin_has_a_log(self, house: SchedulingHouse) -> None:
        """The path of a log is absolute, always the same, another one for each origin, and can be written to.

        Look at `get_logs_path`: it makes the folder, and asks the instance's artifact storage where that is.
        """
        ids = [InstigatorOrigin("location", name).origin_id for name in ("a", "b")]
        paths = [Path(house.scheduler.get_logs_path(origin_id)) for origin_id in ids]
        assert len(set(paths)) == 2
        for origin_id, path in zip(ids, paths, strict=True):
            assert path.is_absolute()
            path.write_text("text", encoding="utf-8")
            assert Path(house.scheduler.get_logs_path(origin_id)).read_text(encoding="utf-8") == "text"

    def test_the_debug_information_names_everything(self, house: SchedulingHouse) -> None:
        """The debug information is text, names each schedule and sensor that is stored, and changes nothing.

        Look at `debug_info` without any state, and with sensors beside schedules.
        """
        assert isinstance(house.scheduler.debug_info(), str)
        house.scheduler.start_schedule(
            house.storage, InstigatorOrigin("location", "early bird"), HOURLY, START
        )
        house.scheduler.stop_sensor(house.storage, InstigatorOrigin("location", "night owl"), 30)
        before = house.storage.all_instigator_state()
        told = house.scheduler.debug_info()
        assert "early bird" in told
        assert "night owl" in told
        assert house.storage.all_instigator_state() == before

    def test_a_scheduler_is_disposed_of_twice(self, house: SchedulingHouse) -> None:
        """Disposing twice is harmless.

        Look at `dispose`: it may be called for a scheduler that never did anything, and again.
        """
        other = house.new_scheduler()
        other.dispose()
        other.dispose()


def _schedule_data(house: SchedulingHouse) -> ScheduleInstigatorData:
    """Return what the schedule of `ORIGIN` remembers."""
    state = house.storage.get_instigator_state(ORIGIN.selector_id)
    assert state is not None
    assert isinstance(state.instigator_data, ScheduleInstigatorData)
    return state.instigator_data
