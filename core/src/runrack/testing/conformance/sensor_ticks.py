"""SensorTicks: how a scheduler's daemon loops ask sensors, and what they keep for the next time."""

from typing import Any

from runrack.definitions.sensor import SensorEvaluationContext, sensor
from runrack.records.run_request import RunRequest, SkipReason
from runrack.records.tags import SENSOR_NAME, TICK_ID
from runrack.records.tick import InstigatorStatus, SensorInstigatorData
from runrack.testing.conformance.schedule_ticks import ScheduleTicks
from runrack.testing.conformance.scheduler_states import RUNNING, STOPPED
from runrack.testing.conformance.suite import Ability, in_threads, needs
from runrack.testing.scheduling import SchedulingHouse


class SensorTicks(ScheduleTicks):
    """The tests of ticks of sensors; a scheduler that leaves them to something else does not declare MAKES_TICKS."""

    @needs(Ability.MAKES_TICKS)
    def test_a_sensor_makes_runs(self, house: SchedulingHouse) -> None:
        """A sensor that asks for a run gets one, with its tags and those of its tick.

        Look at the run that a request is made into, as for schedules; its tag is `runrack/sensor_name`.
        """

        @sensor(job="the_job", default_status=RUNNING, tags={"from": "sensor"})
        def asks() -> RunRequest:
            return RunRequest()

        house.define(sensors=[asks])
        house.do_round()
        (tick,) = house.ticks("asks")
        (run,) = house.instance.get_runs()
        expected = {"team": "a", "from": "sensor", SENSOR_NAME: "asks", TICK_ID: str(tick.tick_id)}
        assert expected.items() <= run.tags.items()
        assert (tick.status.value, tick.tick_data.run_ids) == ("SUCCESS", (run.run_id,))
        assert house.launcher.launched == [run.run_id]

    @needs(Ability.MAKES_TICKS)
    def test_a_sensor_keeps_its_cursor(self, house: SchedulingHouse) -> None:
        """Each evaluation gets the cursor that the last one left, its last run key, and when it was.

        Look at the `SensorInstigatorData` that are stored after a tick, and at the `TickRequest` of the next.
        """
        seen = []

        @sensor(job="the_job", default_status=RUNNING)
        def counts(context: SensorEvaluationContext) -> RunRequest:
            seen.append((context.cursor, context.last_run_key, context.last_tick_timestamp))
            number = int(context.cursor or 0) + 1
            context.update_cursor(str(number))
            return RunRequest(run_key=f"key-{number}")

        house.define(sensors=[counts])
        house.do_round()
        begin = house.clock.now()
        house.pass_time(60, 30)
        assert seen == [(None, None, None), ("1", "key-1", begin), ("2", "key-2", begin + 30)]
        assert house.statuses("counts") == ["SUCCESS"] * 3
        assert house.instance.get_runs_count() == 3

    @needs(Ability.MAKES_TICKS)
    def test_a_sensor_that_skips_keeps_its_cursor(self, house: SchedulingHouse) -> None:
        """A sensor that asks for nothing makes a SKIPPED tick with its reason; its new cursor is kept.

        Look at whether the cursor is stored for ticks without runs.
        """

        @sensor(job="the_job", default_status=RUNNING)
        def waits(context: SensorEvaluationContext) -> SkipReason:
            context.update_cursor("seen")
            return SkipReason("nothing new")

        house.define(sensors=[waits])
        house.do_round()
        (tick,) = house.ticks("waits")
        assert (tick.status.value, tick.tick_data.skip_reason) == ("SKIPPED", "nothing new")
        assert _memory(house, "waits").cursor == "seen"

    @needs(Ability.MAKES_TICKS)
    def test_the_interval_is_kept(self, house: SchedulingHouse) -> None:
        """A sensor is not asked again before its interval is over, however many daemons look.

        Look at the time of the last tick, which is in the storage: daemons do not know of each other.
        """

        @sensor(job="the_job", default_status=RUNNING, minimum_interval_seconds=60)
        def slow() -> RunRequest:
            return RunRequest()

        house.define(sensors=[slow])
        other = house.new_scheduler()
        begin = house.clock.now()
        for _ in range(12):
            house.do_round("a")
            house.do_round("b", other)
            house.clock.advance(10)
        assert house.times("slow") == [begin, begin + 60]
        assert house.instance.get_runs_count() == 2

    @needs(Ability.MAKES_TICKS)
    def test_schedulers_at_once_ask_once(self, house: SchedulingHouse) -> None:
        """Four schedulers in four threads ask a sensor once, and make its run once.

        Look at the key with which a sensor's tick is claimed: the same for all who saw the same last tick.
        """

        @sensor(job="the_job", default_status=RUNNING)
        def asks() -> RunRequest:
            return RunRequest()

        house.define(sensors=[asks])
        schedulers = [house.new_scheduler() for _ in range(4)]
        for _ in range(3):
            in_threads(lambda number: house.do_round(f"daemon-{number}", schedulers[number]), 4)
            house.clock.advance(30)
        assert (len(house.ticks("asks")), len(house.launcher.launched)) == (3, 3)

    @needs(Ability.MAKES_TICKS)
    def test_an_error_keeps_the_cursor(self, house: SchedulingHouse) -> None:
        """A sensor that raises makes a FAILURE tick, and is asked the same again; its new cursor is forgotten.

        Look at which cursor is stored when the result has an error.
        """
        cursors = []

        @sensor(job="the_job", default_status=RUNNING)
        def broken(context: SensorEvaluationContext) -> None:
            cursors.append(context.cursor)
            context.update_cursor("first" if context.cursor is None else "lost")
            if len(cursors) > 1:
                raise ValueError("no luck")

        house.define(sensors=[broken])
        house.do_round()
        house.pass_time(60, 30)
        assert (cursors, house.statuses("broken")) == (
            [None, "first", "first"],
            ["SKIPPED", "FAILURE", "FAILURE"],
        )
        error = house.ticks("broken")[2].tick_data.error
        assert error is not None
        assert "no luck" in error.to_string()

    @needs(Ability.MAKES_TICKS)
    def test_only_sensors_that_run_are_asked(self, house: SchedulingHouse) -> None:
        """A stopped sensor is not asked; one that is started again goes on with its cursor.

        Look at `is_running`, and at what `start_sensor` does to the stored cursor.
        """
        cursors = []

        @sensor(job="the_job")
        def counts(context: SensorEvaluationContext) -> None:
            cursors.append(context.cursor)
            context.update_cursor((context.cursor or "") + "x")

        scheduler, storage, origin = house.scheduler, house.storage, house.origin("counts")
        house.define(sensors=[counts])
        house.do_round()
        assert cursors == []
        scheduler.start_sensor(storage, origin, 30)
        house.pass_time(30)
        scheduler.stop_sensor(storage, origin, 30)
        house.pass_time(90, 30)
        scheduler.start_sensor(storage, origin, 30)
        house.pass_time(30)
        assert cursors == [None, "x"]

    @needs(Ability.MAKES_TICKS)
    def test_a_tick_does_not_undo_a_stop(self, house: SchedulingHouse) -> None:
        """A sensor that is stopped while it is asked stays stopped, and its new cursor is kept.

        Look at how the cursor is stored: `change_instigator_state` of what is stored then, not of what was read before.
        """

        @sensor(job="the_job", default_status=RUNNING)
        def stops_itself(context: SensorEvaluationContext) -> None:
            house.scheduler.stop_sensor(house.storage, house.origin("stops_itself"), 30)
            context.update_cursor("last")

        house.define(sensors=[stops_itself])
        house.do_round()
        state = house.state("stops_itself")
        assert state is not None
        assert state.status is STOPPED
        assert _memory(house, "stops_itself").cursor == "last"

    @needs(Ability.MAKES_TICKS)
    def test_a_sensors_run_key_makes_one_run(self, house: SchedulingHouse) -> None:
        """A run key that a sensor asks for again, beside a new one, makes no second run; other sensors have their own keys.

        Look at what the id of a run with a key is made of: the sensor and the key.
        """

        @sensor(job="the_job", default_status=RUNNING)
        def first(context: SensorEvaluationContext) -> Any:
            context.update_cursor((context.cursor or "") + "x")
            return [RunRequest(run_key="same"), RunRequest(run_key=context.cursor)]

        @sensor(job="the_job", default_status=RUNNING)
        def second() -> RunRequest:
            return RunRequest(run_key="same")

        house.define(sensors=[first, second])
        house.do_round()
        house.pass_time(30)
        assert [tick.tick_data.run_keys for tick in house.ticks("first")] == [("same", "x"), ("xx",)]
        assert house.statuses("second") == ["SUCCESS", "SKIPPED"]
        assert len(house.launcher.launched) == house.instance.get_runs_count() == 4

    @needs(Ability.MAKES_TICKS)
    def test_a_dead_daemons_sensor_is_asked_again(self, house: SchedulingHouse) -> None:
        """A sensor whose daemon died between its runs is asked again with the same cursor: the runs are made once.

        Look at when the cursor is stored: after the runs, before the tick ends.
        """
        cursors = []

        @sensor(job="the_job", default_status=RUNNING)
        def pair(context: SensorEvaluationContext) -> Any:
            cursors.append(context.cursor)
            context.update_cursor("after")
            return [RunRequest(), RunRequest(run_key="key")]

        house.define(sensors=[pair])
        house.die_after(1)
        house.do_round("alive")
        (tick,) = house.ticks("pair")
        assert (tick.status.value, len(tick.tick_data.run_ids), cursors) == ("SUCCESS", 2, [None, None])
        assert len(house.launcher.launched) == house.instance.get_runs_count() == 2

    @needs(Ability.MAKES_TICKS)
    def test_a_reset_sensor_is_left_to_its_code(self, house: SchedulingHouse) -> None:
        """A sensor that was reset is asked when its code says that it runs.

        Look at `is_running` for DECLARED_IN_CODE.
        """
        asked = []

        @sensor(job="the_job", default_status=InstigatorStatus.RUNNING)
        def notes() -> None:
            asked.append(house.clock.now())

        house.define(sensors=[notes])
        scheduler, storage, origin = house.scheduler, house.storage, house.origin("notes")
        scheduler.stop_sensor(storage, origin, 30)
        house.do_round()
        assert asked == []
        scheduler.reset_sensor(storage, origin, 30)
        house.do_round()
        assert len(asked) == 1


def _memory(house: SchedulingHouse, name: str) -> SensorInstigatorData:
    """Return what a sensor remembers."""
    state = house.state(name)
    assert state is not None
    assert isinstance(state.instigator_data, SensorInstigatorData)
    return state.instigator_data
