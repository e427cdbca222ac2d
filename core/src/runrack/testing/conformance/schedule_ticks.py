"""ScheduleTicks: when a scheduler's daemon loops make the ticks of schedules, and what comes of them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from runrack.definitions.definitions import Definitions
from runrack.definitions.schedule import ScheduleDefinition, ScheduleEvaluationContext, schedule
from runrack.records.run_request import RunRequest, SkipReason
from runrack.records.tags import SCHEDULE_NAME, TICK_ID
from runrack.records.tick import InstigatorStatus
from runrack.testing.conformance.scheduler_states import HOURLY, RUNNING, SchedulerStates
from runrack.testing.conformance.suite import Ability, in_threads, needs
from runrack.testing.launching import FakeDaemon
from runrack.testing.location import FakeLocation, FakeWorkspace
from runrack.testing.scheduling import HOUR, START, SchedulingHouse, the_job

DAY = 24 * HOUR
FULL_HOUR = START - 30


def hourly(name: str = "hourly", **fields: Any) -> ScheduleDefinition:
    """Return a schedule that runs each hour, unless `fields` say otherwise."""
    return ScheduleDefinition(
        name, **{"cron_schedule": HOURLY, "job": "the_job", "default_status": RUNNING, **fields}
    )


class ScheduleTicks(SchedulerStates):
    """The tests of ticks of schedules; a scheduler that leaves them to something else does not declare MAKES_TICKS."""

    @needs(Ability.MAKES_TICKS)
    def test_loops_have_names(self, house: SchedulingHouse) -> None:
        """Each loop has a name of its own, and waits a positive time between rounds.

        Look at `daemon_loops`: names are keys of heartbeats.
        """
        loops = house.loops()
        assert loops
        assert len({loop.name for loop in loops}) == len(loops)
        assert all(loop.name and loop.interval_seconds > 0 for loop in loops)

    @needs(Ability.MAKES_TICKS)
    def test_a_due_tick_makes_a_run(self, house: SchedulingHouse) -> None:
        """A tick is stored with its moment and its run; the run is launched, and has the tags of its job and its tick.

        Look at the run that a request is made into: tags of the job, of the request, and `runrack/schedule_name`,
        `runrack/tick_id`; it goes through `submit_run` once.
        """
        house.define([hourly(tags={"from": "schedule"})])
        house.do_round()
        assert house.ticks("hourly") == []
        house.pass_time(HOUR, 600)
        (tick,) = house.ticks("hourly")
        (run,) = house.instance.get_runs()
        assert (tick.status.value, tick.timestamp) == ("SUCCESS", FULL_HOUR + HOUR)
        assert tick.tick_data.run_ids == (run.run_id,)
        expected = {
            "team": "a",
            "from": "schedule",
            SCHEDULE_NAME: "hourly",
            TICK_ID: str(tick.tick_id),
        }
        assert expected.items() <= run.tags.items()
        assert (run.job_name, house.launcher.launched) == ("the_job", [run.run_id])

    @needs(Ability.MAKES_TICKS)
    def test_nothing_is_made_of_the_past(self, house: SchedulingHouse) -> None:
        """A schedule that is seen, or started, for the first time makes no tick of a moment before that.

        Look at where the search for due moments begins when no tick is stored: now, never 1970 and never the last full hour.
        """
        house.define([hourly(catch_up="all"), hourly("by_hand", default_status=InstigatorStatus.STOPPED)])
        house.do_round()
        house.scheduler.start_schedule(house.storage, house.origin("by_hand"), HOURLY, house.clock.now())
        house.pass_time(40, 10)
        assert (house.ticks("hourly"), house.ticks("by_hand")) == ([], [])

    @needs(Ability.MAKES_TICKS)
    def test_only_what_runs_makes_ticks(self, house: SchedulingHouse) -> None:
        """Code decides whether a schedule runs, until somebody starts or stops it, and again once it is reset.

        Look at `is_running` of runrack.interfaces.scheduler: the stored status comes first, DECLARED_IN_CODE means the code.
        """
        scheduler, storage = house.scheduler, house.storage
        house.define([hourly("on"), hourly("off", default_status=InstigatorStatus.STOPPED)])
        house.do_round()
        house.pass_time(2 * HOUR, HOUR)
        assert (len(house.ticks("on")), len(house.ticks("off"))) == (2, 0)
        scheduler.stop_schedule(storage, house.origin("on"), HOURLY)
        scheduler.start_schedule(storage, house.origin("off"), HOURLY, house.clock.now())
        house.pass_time(2 * HOUR, HOUR)
        assert (len(house.ticks("on")), len(house.ticks("off"))) == (2, 2)
        scheduler.reset_schedule(storage, house.origin("on"), HOURLY)
        scheduler.reset_schedule(storage, house.origin("off"), HOURLY)
        house.do_round()
        house.pass_time(2 * HOUR, HOUR)
        assert (len(house.ticks("on")), len(house.ticks("off"))) == (4, 2)

    @needs(Ability.MAKES_TICKS)
    def test_a_tick_is_made_once(self, house: SchedulingHouse) -> None:
        """Rounds that follow, of the same daemon, another one, or another scheduler, do not make a tick again.

        Look at the key with which a tick is claimed: schedule and moment, the same for everybody.
        """
        house.define([hourly()])
        house.do_round()
        house.clock.advance(HOUR)
        house.do_round("a")
        house.do_round("a")
        house.do_round("b", house.new_scheduler())
        assert (len(house.ticks("hourly")), house.instance.get_runs_count()) == (1, 1)
        assert len(house.launcher.launched) == 1

    @needs(Ability.MAKES_TICKS)
    def test_schedulers_at_once_make_a_tick_once(self, house: SchedulingHouse) -> None:
        """Four schedulers in four threads that look at the same moment make each tick and each run once.

        Look for a look at stored ticks that is followed by a new tick: `claim_tick` does both at once.
        """
        house.define([hourly(f"hourly_{number}") for number in range(5)])
        house.do_round()
        schedulers = [house.new_scheduler() for _ in range(4)]
        for _ in range(3):
            house.clock.advance(HOUR)
            in_threads(lambda number: house.do_round(f"daemon-{number}", schedulers[number]), 4)
        house.do_round()
        moments = [FULL_HOUR + HOUR * number for number in (1, 2, 3)]
        assert [house.times(f"hourly_{number}") for number in range(5)] == [moments] * 5
        assert len(house.launcher.launched) == house.instance.get_runs_count() == 15

    @needs(Ability.MAKES_TICKS)
    @pytest.mark.parametrize(
        ("catch_up", "missed"),
        [("none", []), ("latest", [10]), (0, []), (1, [10]), (3, [8, 9, 10])],
    )
    def test_missed_ticks_are_made_up_for_as_told(
        self, house: SchedulingHouse, catch_up: str | int, missed: list[int]
    ) -> None:
        """After ten missed hours none, the latest, or the newest few are made, oldest first; then it goes on as before.

        Look at what `catch_up` of the schedule does to moments that are more than a minute old.
        """
        house.define([hourly(catch_up=catch_up)])
        house.do_round()
        house.clock.advance(10 * HOUR + 600)
        house.do_round()
        house.do_round()
        assert [(moment - FULL_HOUR) / HOUR for moment in house.times("hourly")] == missed
        house.pass_time(HOUR, 60)
        assert house.times("hourly")[len(missed) :] == [FULL_HOUR + 11 * HOUR]

    @needs(Ability.MAKES_TICKS)
    def test_missed_ticks_are_made_up_for_in_their_order(self, house: SchedulingHouse) -> None:
        """With `catch_up="all"`, what was missed comes without a gap, the newest last; ticks are never made for the future.

        Look at the upper end of the search: the present moment, and at the limit, which leaves out the oldest.
        """
        house.define([hourly(catch_up="all")])
        house.do_round()
        house.clock.advance(3 * HOUR + 600)
        house.do_round()
        times = house.times("hourly")
        assert times == [FULL_HOUR + HOUR * number for number in range(4 - len(times), 4)]
        assert times

    @needs(Ability.MAKES_TICKS)
    def test_ticks_on_time_are_all_made(self, house: SchedulingHouse) -> None:
        """Several moments between two rounds are several ticks, each once, whatever is said of missed ones.

        Look for a search that takes only the newest moment; what is at most a minute late was not missed.
        """
        house.define([hourly(cron_schedule="*/10 * * * * *", catch_up="none")])
        house.do_round()
        house.clock.advance(50)
        house.do_round()
        assert house.times("hourly") == [START + 10 * number for number in (1, 2, 3, 4, 5)]

    @needs(Ability.MAKES_TICKS)
    def test_a_stopped_time_is_not_made_up_for(self, house: SchedulingHouse) -> None:
        """A schedule that stood for three days makes no tick of them when it is started again.

        Look at the start timestamp: nothing before it is due, whatever the last tick was.
        """
        scheduler, storage, origin = house.scheduler, house.storage, house.origin("hourly")
        house.define([hourly(catch_up="all")])
        house.do_round()
        house.pass_time(HOUR)
        scheduler.stop_schedule(storage, origin, HOURLY)
        house.pass_time(3 * DAY, DAY)
        scheduler.start_schedule(storage, origin, HOURLY, house.clock.now())
        house.do_round()
        assert len(house.ticks("hourly")) == 1
        house.pass_time(HOUR)
        assert len(house.ticks("hourly")) == 2

    @needs(Ability.MAKES_TICKS)
    def test_a_changed_expression_begins_anew(self, house: SchedulingHouse) -> None:
        """A schedule whose expression or zone was changed in its code makes no tick of the time before that was seen.

        Look at whether the stored expression and zone are compared with those of the code.
        """
        house.define([hourly(cron_schedule="15 1 * * *", catch_up="all")])
        house.do_round()
        house.pass_time(2 * DAY, DAY)
        made = house.times("hourly")
        for change in ({"cron_schedule": "*/5 * * * *"}, {"execution_timezone": "Asia/Kolkata"}):
            house.define([hourly(catch_up="all", **change)])
            house.clock.advance(10 * HOUR)
            house.do_round()
            assert house.times("hourly") == made

    @needs(Ability.MAKES_TICKS)
    @pytest.mark.parametrize(
        ("zone", "cron", "begin", "hours"),
        [
            ("UTC", "0 0 * * *", (2026, 3, 28, 12), [(29, 0), (30, 0)]),
            ("Asia/Kolkata", "0 0 * * *", (2026, 3, 28, 12), [(28, 18.5), (29, 18.5)]),
            ("Europe/Berlin", "30 2 * * *", (2026, 3, 27, 12), [(28, 1.5), (29, 1), (30, 0.5)]),
            ("Europe/Berlin", "30 2 * * *", (2026, 10, 24, 12), [(25, 0.5), (26, 1.5)]),
            ("Europe/Berlin", "0 * * * *", (2026, 10, 24, 23), [(25, 0), (25, 1), (25, 2), (25, 3)]),
            ("America/New_York", "0 9 * * *", (2026, 3, 7, 20), [(8, 13), (9, 13)]),
        ],
    )
    def test_clocks_that_change_are_followed(
        self,
        house: SchedulingHouse,
        zone: str,
        cron: str,
        begin: tuple[int, int, int, int],
        hours: list[tuple[int, float]],
    ) -> None:
        """Expressions mean local times of the schedule's zone, also on the days on which its clocks are changed.

        Look at `runrack.definitions.cron.CronSchedule`, which gives the moments of an expression; counting seconds or
        adding a fixed offset to UTC is wrong twice a year.
        """
        house.clock.time_of_day = datetime(*begin, tzinfo=UTC).timestamp()
        house.define([hourly(cron_schedule=cron, execution_timezone=zone)])
        house.do_round()
        expected = [datetime(*begin[:2], day, tzinfo=UTC).timestamp() + HOUR * hour for day, hour in hours]
        while house.clock.now() < expected[-1]:
            house.pass_time(HOUR / 2)
        assert house.times("hourly") == expected

    @needs(Ability.MAKES_TICKS)
    def test_a_clock_that_jumps_doubles_nothing(self, house: SchedulingHouse) -> None:
        """A clock that is set forward by two hours, and back, makes no tick twice.

        Look at the comparison with the last tick: one that lies in the future is no reason to begin again.
        """
        house.define([hourly(catch_up="all")])
        house.do_round()
        for jump in (2 * HOUR, -2 * HOUR, HOUR, 2 * HOUR):
            house.clock.jump(jump)
            house.do_round()
        times = house.times("hourly")
        assert times == [FULL_HOUR + HOUR * number for number in (1, 2, 3)]
        assert len(house.launcher.launched) == 3

    @needs(Ability.MAKES_TICKS)
    def test_a_tick_may_ask_for_several_runs(self, house: SchedulingHouse) -> None:
        """Each request of a tick makes a run with its configuration and its tags, in their order.

        Look at how the id of a run is made: two requests of one tick must not get the same.
        """

        @schedule(HOURLY, job="the_job", default_status=RUNNING)
        def several() -> Any:
            for number in range(3):
                yield RunRequest(run_config={"ops": {}}, tags={"number": str(number)})

        house.define([several])
        house.do_round()
        house.pass_time(HOUR)
        (tick,) = house.ticks("several")
        runs = [house.instance.get_run_by_id(run_id) for run_id in tick.tick_data.run_ids]
        assert [(run.tags["number"], dict(run.run_config)) for run in runs if run is not None] == [
            (str(number), {"ops": {}}) for number in range(3)
        ]
        assert house.launcher.launched == list(tick.tick_data.run_ids)

    @needs(Ability.MAKES_TICKS)
    def test_a_function_is_told_its_moment(self, house: SchedulingHouse) -> None:
        """The function of a schedule gets the moment at which the tick was due, not the one at which it is asked.

        Look at the `timestamp` of the `TickRequest`.
        """
        told = []

        @schedule(HOURLY, job="the_job", default_status=RUNNING)
        def notes(context: ScheduleEvaluationContext) -> RunRequest:
            told.append(context.scheduled_execution_time.timestamp())
            return RunRequest()

        house.define([notes])
        house.do_round()
        house.pass_time(HOUR)
        assert told == [FULL_HOUR + HOUR]

    @needs(Ability.MAKES_TICKS)
    def test_a_run_key_makes_one_run(self, house: SchedulingHouse) -> None:
        """Ticks that ask for the same run key again make no second run, and are SKIPPED.

        Look at how a run is found by its key before it is made.
        """

        @schedule(HOURLY, job="the_job", default_status=RUNNING)
        def same() -> RunRequest:
            return RunRequest(run_key="once")

        house.define([same])
        house.do_round()
        house.pass_time(3 * HOUR, HOUR)
        assert house.statuses("same") == ["SUCCESS", "SKIPPED", "SKIPPED"]
        assert [tick.tick_data.run_keys for tick in house.ticks("same")] == [("once",), (), ()]
        assert house.instance.get_runs_count() == len(house.launcher.launched) == 1

    @needs(Ability.MAKES_TICKS)
    def test_a_skip_reason_is_kept(self, house: SchedulingHouse) -> None:
        """A function that gives a SkipReason, or nothing, makes a SKIPPED tick with that reason, or with none.

        Look at how a `TickResult` without requests is stored.
        """

        @schedule(HOURLY, job="the_job", default_status=RUNNING)
        def skips() -> SkipReason:
            return SkipReason("a holiday")

        @schedule(HOURLY, job="the_job", default_status=RUNNING)
        def says_nothing() -> None:
            return None

        house.define([skips, says_nothing])
        house.do_round()
        house.pass_time(HOUR)
        (told,), (silent,) = house.ticks("skips"), house.ticks("says_nothing")
        assert (told.status.value, told.tick_data.skip_reason) == ("SKIPPED", "a holiday")
        assert (silent.status.value, silent.tick_data.skip_reason) == ("SKIPPED", None)
        assert house.instance.get_runs_count() == 0

    @needs(Ability.MAKES_TICKS)
    def test_an_error_is_kept(self, house: SchedulingHouse) -> None:
        """A function that raises makes a FAILURE tick with the error; other schedules and later ticks are as ever.

        Look for an exception that leaves the loop, and for a tick that stays STARTED.
        """

        @schedule(HOURLY, job="the_job", default_status=RUNNING)
        def broken() -> None:
            raise ValueError("no luck")

        house.define([broken, hourly()])
        house.do_round()
        house.pass_time(2 * HOUR, HOUR)
        assert house.statuses("broken") == ["FAILURE", "FAILURE"]
        error = house.ticks("broken")[0].tick_data.error
        assert error is not None
        assert "no luck" in error.to_string()
        assert house.statuses("hourly") == ["SUCCESS", "SUCCESS"]

    @needs(Ability.MAKES_TICKS)
    def test_a_lost_job_fails_the_tick(self, house: SchedulingHouse) -> None:
        """A request for a job that the location does not have ends the tick in FAILURE, with the job's name.

        Look at where the job of a request is looked up.
        """

        @schedule(HOURLY, job="the_job", default_status=RUNNING)
        def loses() -> RunRequest:
            house.location.definitions = Definitions()
            return RunRequest()

        house.define([loses])
        house.do_round()
        house.pass_time(HOUR)
        assert house.statuses("loses") == ["FAILURE"]
        error = house.ticks("loses")[0].tick_data.error
        assert error is not None
        assert "the_job" in error.message

    @needs(Ability.MAKES_TICKS)
    def test_a_dead_daemons_tick_is_finished(self, house: SchedulingHouse) -> None:
        """A tick whose daemon died between two of its runs is finished by another: each run is made and launched once.

        Look at `list_expired_ticks` and `take_over_tick`, and at the ids of the runs, which have to be the same the second time.
        """

        @schedule(HOURLY, job="the_job", default_status=RUNNING)
        def three() -> Any:
            return [RunRequest(tags={"number": str(number)}) for number in range(3)]

        house.define([three])
        house.do_round()
        house.clock.advance(HOUR)
        house.die_after(1)
        assert house.statuses("three") == ["STARTED"]
        house.do_round("alive")
        (tick,) = house.ticks("three")
        runs = house.instance.get_runs(ascending=True)
        assert tick.status.value == "SUCCESS"
        assert tick.tick_data.run_ids == tuple(run.run_id for run in runs)
        assert [run.tags["number"] for run in runs] == ["0", "1", "2"]
        assert sorted(house.launcher.launched) == sorted(tick.tick_data.run_ids)

    @needs(Ability.MAKES_TICKS)
    def test_a_claimed_tick_is_left_alone(self, house: SchedulingHouse) -> None:
        """A tick that a living daemon works on is not touched by another.

        Look at what is taken over: only ticks whose lease has run out.
        """
        other = house.new_scheduler()
        house.define([hourly()])
        house.do_round()
        house.clock.advance(HOUR)
        asked = []

        def look_meanwhile(_request: object) -> None:
            asked.append(1)
            if len(asked) == 1:
                house.do_round("other", other)

        house.location.before_answer = look_meanwhile
        house.do_round()
        assert (len(asked), house.statuses("hourly"), len(house.launcher.launched)) == (1, ["SUCCESS"], 1)

    @needs(Ability.MAKES_TICKS)
    def test_a_lost_location_loses_no_tick(self, house: SchedulingHouse) -> None:
        """A location that cannot be loaded holds up no other one; its tick is made once it is back.

        Look for `LocationUnavailableError` of `get_contents` and of `evaluate_tick`: neither leaves the loop or fails a tick.
        """
        house.define([hourly()])
        there = FakeLocation(Definitions([the_job], [hourly("other")]), house.instance, "there")
        house.workspace = FakeWorkspace(house.location, there)
        house.do_round()
        definitions, house.location.definitions = house.location.definitions, None
        house.pass_time(HOUR)
        assert len(house.launcher.launched) == 1
        house.location.definitions = definitions
        house.do_round()
        assert (house.times("hourly"), house.statuses("hourly")) == ([FULL_HOUR + HOUR], ["SUCCESS"])

    @needs(Ability.MAKES_TICKS)
    def test_a_location_that_goes_away_keeps_its_tick(self, house: SchedulingHouse) -> None:
        """A tick whose location goes away while it is asked is made when the location is back.

        Look at `LocationUnavailableError` of `evaluate_tick`: the tick is given back, not failed.
        """
        house.define([hourly()])
        house.do_round()
        definitions = house.location.definitions
        house.location.before_answer = lambda _request: setattr(house.location, "definitions", None)
        house.pass_time(HOUR)
        assert house.statuses("hourly") in ([], ["STARTED"])
        house.location.before_answer = lambda _request: None
        house.location.definitions = definitions
        house.do_round()
        assert (house.times("hourly"), house.statuses("hourly")) == ([FULL_HOUR + HOUR], ["SUCCESS"])

    @needs(Ability.MAKES_TICKS)
    def test_a_stopping_daemon_begins_no_tick(self, house: SchedulingHouse) -> None:
        """A daemon that was asked to stop makes no tick; the next one makes all of them.

        Look at `context.is_stopping`, before each tick.
        """
        house.define([hourly()])
        house.do_round()
        house.clock.advance(HOUR)
        house.do_round(stops_after=0)
        assert house.ticks("hourly") == []
        house.do_round()
        assert house.statuses("hourly") == ["SUCCESS"]

    @needs(Ability.MAKES_TICKS)
    def test_loops_report_progress(self, house: SchedulingHouse) -> None:
        """A round in which ticks are made reports progress, and one without a workspace, or with an empty one, is harmless.

        Look at `context.report_progress`: a loop that is silent for long counts as stuck.
        """
        for workspace in (None, FakeWorkspace()):
            for loop in house.loops():
                loop.run_once(FakeDaemon(house.instance, workspace))
        house.define([hourly()])
        house.do_round()
        house.clock.advance(HOUR)
        assert house.do_round().progress > 0
