"""When schedules make runs, and that each tick makes them once."""

from pathlib import Path

import pytest

from runrack.definitions.definitions import Definitions
from runrack.definitions.job import job
from runrack.definitions.schedule import ScheduleDefinition, schedule
from runrack.records.run_request import RunRequest, SkipReason
from runrack.records.runs_filter import RunsFilter
from runrack.records.tick import InstigatorStatus
from runrack.testing.scheduling import HOUR, START, do_nothing
from runrack_cron import CronScheduler

RUNNING = InstigatorStatus.RUNNING


def hourly(name="hourly", **fields):
    return ScheduleDefinition(
        name, **{"cron_schedule": "0 * * * *", "job": "the_job", "default_status": RUNNING, **fields}
    )


@job(tags={"team": "a"}, config={"ops": {}})
def configured():
    do_nothing()


def scheduler_of(house, **settings):
    """Another scheduler of the house, with settings of its own."""
    scheduler = CronScheduler(now=house.clock.now, **settings)
    scheduler.register_instance(house.instance)
    return scheduler


def log_of(house, name):
    return Path(house.scheduler.get_logs_path(house.origin(name).origin_id)).read_text()


def test_a_tick_makes_a_run(house):
    """A tick that is due makes a run with the tags and the configuration of job, schedule and tick, and submits it."""
    house.location.definitions = Definitions(
        [configured], [hourly(job=configured, tags={"from": "schedule"})]
    )
    house.do_round()
    assert house.ticks("hourly") == []
    house.pass_time(HOUR, 600)
    (tick,) = house.ticks("hourly")
    (run,) = house.instance.get_runs()
    assert (tick.status, tick.timestamp, tick.tick_data.run_ids) == (
        "SUCCESS",
        START - 30 + HOUR,
        (run.run_id,),
    )
    assert run.tags == {
        "team": "a",
        "from": "schedule",
        "runrack/schedule_name": "hourly",
        "runrack/tick_id": str(tick.tick_id),
        "runrack/code_location": "here",
    }
    assert (run.job_name, run.run_config, run.remote_job_origin.location_name) == (
        "configured",
        {"ops": {}},
        "here",
    )
    assert house.launcher.launched == [run.run_id]
    assert f"SUCCESS: 1 runs: {run.run_id}" in log_of(house, "hourly")


def test_a_stopped_schedule_makes_none(house):
    """A schedule that nobody has started makes no tick, unless its code says that it runs."""
    house.define([hourly("stopped", default_status=InstigatorStatus.STOPPED), hourly()])
    house.do_round()
    house.pass_time(2 * HOUR, 600)
    assert (len(house.ticks("stopped")), len(house.ticks("hourly"))) == (0, 2)


def test_daemons_share_ticks(house):
    """Of two daemons that look at the same time, one makes the tick."""
    house.define([hourly()])
    house.do_round()
    house.clock.advance(HOUR)
    house.do_round("a")
    house.do_round("b")
    assert (len(house.ticks("hourly")), house.instance.get_runs_count()) == (1, 1)


@pytest.mark.parametrize(
    ("catch_up", "max_catchup_runs", "expected"),
    [
        ("none", 5, []),
        ("latest", 5, [10]),
        ("all", 5, [6, 7, 8, 9, 10]),
        ("all", 2, [9, 10]),
        (3, 0, [8, 9, 10]),
        (0, 5, []),
    ],
)
def test_missed_ticks_are_made_up_for_as_told(house, catch_up, max_catchup_runs, expected):
    """After ten missed hours, none, the latest, or the newest of all up to a number are made, oldest first."""
    house.define([hourly(catch_up=catch_up)])
    house.do_round()
    house.clock.advance(10 * HOUR + 600)
    scheduler = scheduler_of(house, max_catchup_runs=max_catchup_runs)
    house.do_round(scheduler=scheduler)
    assert [(moment - START + 30) / HOUR for moment in house.times("hourly")] == expected
    house.do_round(scheduler=scheduler)
    assert len(house.ticks("hourly")) == len(expected)


def test_ticks_on_time_are_never_dropped(house):
    """Ticks that are at most a minute late are all made, whatever is said of missed ones."""
    house.define([hourly(cron_schedule="* * * * * *", catch_up="none")])
    house.do_round()
    house.clock.advance(20)
    house.do_round()
    assert house.times("hourly") == [START + 1 + second for second in range(20)]


def test_the_latest_is_one(house):
    """With `latest` nothing that was missed is made beside a tick that is on time."""
    house.define([hourly(cron_schedule="* * * * *", catch_up="latest")])
    house.do_round()
    house.clock.advance(HOUR)
    house.do_round()
    assert house.times("hourly") == [START - 30 + HOUR]


def test_a_changed_cron_starts_anew(house):
    """A schedule whose expressions or zone were changed makes no tick of the time before the change was seen."""
    house.define([hourly(cron_schedule="15 1 * * *")])
    house.do_round()
    house.clock.advance(48 * HOUR)
    house.do_round()
    made = house.times("hourly")
    for change in ({"cron_schedule": "*/5 * * * *"}, {"execution_timezone": "Asia/Kolkata"}):
        house.define([hourly(**change)])
        house.clock.advance(10 * HOUR)
        house.do_round()
        assert house.times("hourly") == made
    house.pass_time(HOUR, 60)
    assert len(house.times("hourly")) == len(made) + 1


def test_a_restarted_schedule_starts_anew(house):
    """A schedule that was stopped for three days makes no tick of them when it is started again."""
    scheduler, origin = house.scheduler, house.origin("hourly")
    house.define([hourly(catch_up="all", default_status=InstigatorStatus.STOPPED)])
    info = house.location.get_contents().schedules[0]
    scheduler.start_schedule(house.storage, origin, info.cron_schedule, house.clock.now())
    house.pass_time(HOUR)
    scheduler.stop_schedule(house.storage, origin, info.cron_schedule)
    house.pass_time(72 * HOUR)
    scheduler.start_schedule(house.storage, origin, info.cron_schedule, house.clock.now())
    house.do_round()
    assert len(house.ticks("hourly")) == 1
    house.pass_time(HOUR)
    assert len(house.ticks("hourly")) == 2


def test_a_clock_that_jumps_doubles_nothing(house):
    """A clock that is set forward by a day, and back, makes no tick twice."""
    house.define([hourly(catch_up="all")])
    house.do_round()
    for jump in (24 * HOUR, -24 * HOUR, HOUR, -HOUR):
        house.clock.jump(jump)
        house.do_round()
    times = house.times("hourly")
    assert len(times) == len(set(times)) == house.instance.get_runs_count() == 5


def test_removed_ticks_do_not_come_again(house):
    """A schedule all of whose ticks were removed goes on where it was."""
    house.define([hourly(catch_up="all")])
    house.do_round()
    house.pass_time(5 * HOUR, HOUR)
    house.storage.purge_ticks(house.origin("hourly").selector_id, house.clock.now())
    house.do_round()
    assert house.ticks("hourly") == []


def test_a_dead_daemon_s_tick_is_taken_over(house):
    """A tick whose daemon died after its first run is finished by another: each of its runs is made once."""

    @schedule("0 * * * *", job="the_job", default_status=RUNNING)
    def three():
        return [RunRequest(tags={"number": str(number)}) for number in range(3)]

    house.define([three])
    house.do_round()
    house.clock.advance(HOUR)
    house.die_after(1)
    assert (house.statuses("three"), house.instance.get_runs_count()) == (["STARTED"], 2)
    house.do_round("alive")
    (tick,) = house.ticks("three")
    runs = house.instance.get_runs(ascending=True)
    assert tick.status == "SUCCESS"
    assert tick.tick_data.run_ids == tuple(run.run_id for run in runs)
    assert [run.tags["number"] for run in runs] == ["0", "1", "2"]
    assert len(house.launcher.launched) == 3


def test_a_run_key_makes_one_run(house):
    """A run key makes one run, however many ticks ask for it; a tick that gets none says so."""

    @schedule("0 * * * *", job="the_job", default_status=RUNNING)
    def same():
        return RunRequest(run_key="once")

    house.define([same])
    house.do_round()
    house.pass_time(2 * HOUR, HOUR)
    assert house.statuses("same") == ["SUCCESS", "SKIPPED"]
    assert [tick.tick_data.run_keys for tick in house.ticks("same")] == [("once",), ()]
    assert house.instance.get_runs_count() == 1
    assert "made by earlier ticks" in str(house.ticks("same")[1].tick_data.skip_reason)


def test_a_skip_reason_is_kept(house):
    """A schedule that gives a SkipReason makes a skipped tick with it; one that gives nothing, without."""

    @schedule("0 * * * *", job="the_job", default_status=RUNNING)
    def skips():
        return SkipReason("a holiday")

    @schedule("0 * * * *", job="the_job", default_status=RUNNING)
    def says_nothing():
        return None

    house.define([skips, says_nothing])
    house.do_round()
    house.pass_time(HOUR)
    (told,), (silent,) = house.ticks("skips"), house.ticks("says_nothing")
    assert (told.status, told.tick_data.skip_reason) == ("SKIPPED", "a holiday")
    assert (silent.status, silent.tick_data.skip_reason) == ("SKIPPED", None)


def test_an_error_is_kept(house):
    """A schedule that raises makes a failed tick with the error; the next tick is made all the same."""

    @schedule("0 * * * *", job="the_job", default_status=RUNNING)
    def broken():
        raise ValueError("no luck")

    house.define([broken, hourly()])
    house.do_round()
    house.pass_time(2 * HOUR, HOUR)
    assert house.statuses("broken") == ["FAILURE", "FAILURE"]
    assert "no luck" in house.ticks("broken")[0].tick_data.error.to_string()
    assert "no luck" in log_of(house, "broken")
    assert len(house.ticks("hourly")) == 2


def test_failed_ticks_are_tried_again(house):
    """A tick whose function raises is tried again as often as told, with the rounds that follow."""
    calls = []

    @schedule("0 * * * *", job="the_job", default_status=RUNNING)
    def flaky(context):
        calls.append(context.scheduled_execution_time)
        if len(calls) < 3:
            raise ValueError
        return RunRequest()

    house.define([flaky])
    house.do_round()
    house.clock.advance(HOUR)
    scheduler = scheduler_of(house, max_tick_retries=2)
    for _ in range(3):
        house.do_round(scheduler=scheduler)
    assert house.statuses("flaky") == ["SUCCESS"]
    assert house.ticks("flaky")[0].tick_data.failure_count == 2
    assert len(set(calls)) == 1


def test_a_tick_waits_for_its_code(house):
    """A tick whose location goes away while it is asked waits until its code can be loaded again."""
    house.define([hourly()])
    house.do_round()
    house.clock.advance(HOUR)
    definitions = house.location.definitions
    house.location.before_answer = lambda _request: setattr(house.location, "definitions", None)
    house.do_round()
    assert house.statuses("hourly") == ["STARTED"]
    house.do_round()
    house.location.before_answer = lambda _request: None
    house.location.definitions = definitions
    house.do_round()
    assert house.statuses("hourly") == ["SUCCESS"]


def test_a_request_of_a_lost_job_fails(house):
    """A tick that asks for a job that is no longer there when its run is made fails with the reason."""

    @schedule("0 * * * *", job="the_job", default_status=RUNNING)
    def loses():
        house.location.definitions = Definitions()
        return RunRequest()

    house.define([loses])
    house.do_round()
    house.pass_time(HOUR)
    assert "no job 'the_job'" in house.ticks("loses")[0].tick_data.error.message


def test_a_stopping_daemon_begins_no_tick(house):
    """A daemon that was asked to stop claims no further tick."""
    house.define([hourly(cron_schedule="* * * * * *")])
    house.do_round()
    house.clock.advance(10)
    house.do_round(stops_after=3)
    made = len(house.ticks("hourly"))
    assert 0 < made < 10
    house.do_round()
    assert len(house.ticks("hourly")) == 10
    assert house.instance.get_runs_count(RunsFilter(job_name="the_job")) == 10
