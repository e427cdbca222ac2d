"""How sensors are asked, and what they leave for the next time."""

from runrack.definitions.run_status_sensor import run_failure_sensor, run_status_sensor
from runrack.definitions.sensor import sensor
from runrack.records.run_request import RunRequest
from runrack.records.run_status import RunStatus
from runrack.records.tick import InstigatorStatus
from runrack.testing.launching import new_run

RUNNING = InstigatorStatus.RUNNING


def test_a_sensor_keeps_its_cursor(house):
    """Each evaluation gets the cursor that the last one left, its last run key, and when it was."""
    seen = []

    @sensor(job="the_job", default_status=RUNNING)
    def counts(context):
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


def test_the_interval_is_kept(house):
    """A sensor is not asked again before its interval is over, however many daemons look."""

    @sensor(job="the_job", default_status=RUNNING, minimum_interval_seconds=60)
    def slow():
        return RunRequest()

    house.define(sensors=[slow])
    for _ in range(12):
        house.do_round("a")
        house.do_round("b")
        house.clock.advance(10)
    begin = house.times("slow")[0]
    assert house.times("slow") == [begin, begin + 60]
    assert house.instance.get_runs_count() == 2


def test_an_error_keeps_the_cursor(house):
    """A sensor that raises is asked the same again; what it did to its cursor before is forgotten."""
    cursors = []

    @sensor(job="the_job", default_status=RUNNING)
    def broken(context):
        cursors.append(context.cursor)
        context.update_cursor("lost")
        raise ValueError

    house.define(sensors=[broken])
    house.do_round()
    house.pass_time(30)
    assert (cursors, house.statuses("broken")) == ([None, None], ["FAILURE", "FAILURE"])


def test_a_stopped_sensor_keeps_its_cursor(house):
    """A sensor that is stopped while it works stays stopped, and finds its cursor when it is started again."""
    scheduler, origin = house.scheduler, house.origin("counts")

    @sensor(job="the_job")
    def counts(context):
        scheduler.stop_sensor(house.storage, origin, 30)
        context.update_cursor((context.cursor or "") + "x")

    house.define(sensors=[counts])
    for expected in ("x", "xx"):
        assert scheduler.start_sensor(house.storage, origin, 30).status is RUNNING
        house.do_round()
        house.clock.advance(30)
        house.do_round()
        state = house.storage.get_instigator_state(origin.selector_id)
        assert (state.status, state.instigator_data.cursor) == (InstigatorStatus.STOPPED, expected)
    assert scheduler.reset_sensor(house.storage, origin, 30).status is InstigatorStatus.DECLARED_IN_CODE


def test_a_run_status_sensor_is_told_of_each_run_once(house):
    """A sensor of failures is called with each run that fails after it was first asked, in order, once."""
    told = []

    @run_failure_sensor(default_status=RUNNING)
    def alarm(context):
        told.append((context.run.run_id, context.run.status, context.failure_message))

    def fail(reason):
        run_id = new_run(house.instance)
        house.instance.report_run_failed(house.instance.get_run_by_id(run_id), reason)
        return run_id

    house.define(sensors=[alarm])
    fail("before")
    house.do_round()
    runs = [fail("one"), fail("two")]
    house.pass_time(90, 30)
    assert told == [
        (runs[0], RunStatus.FAILURE, "one"),
        (runs[1], RunStatus.FAILURE, "two"),
    ]


def test_a_run_status_sensor_goes_on_after_an_error(house):
    """A sensor of run statuses that raises about one run is asked about the next one, and may ask for runs."""
    told = []

    @run_status_sensor(
        run_status=RunStatus.CANCELED,
        monitored_jobs=["watched"],
        request_job="the_job",
        default_status=RUNNING,
    )
    def follows(context):
        told.append(context.run.run_id)
        if len(told) == 1:
            raise ValueError
        return RunRequest(run_key=context.run.run_id)

    def cancel(job_name):
        run_id = new_run(house.instance, job_name)
        house.instance.report_run_canceled(house.instance.get_run_by_id(run_id))
        return run_id

    house.define(sensors=[follows])
    house.do_round()
    runs = [cancel("watched"), cancel("other"), cancel("watched")]
    house.pass_time(60, 30)
    assert told == [runs[0], runs[2]]
    assert house.statuses("follows") == ["SKIPPED", "FAILURE", "SUCCESS"]


def test_a_repeated_evaluation_doubles_nothing(house):
    """A sensor whose daemon died before the tick ended is asked again: the runs of the first time are found."""

    @sensor(job="the_job", default_status=RUNNING)
    def pair():
        return [RunRequest(), RunRequest(run_key="key")]

    house.define(sensors=[pair])
    house.die_after(1)
    house.do_round("alive")
    (tick,) = house.ticks("pair")
    assert (tick.status, len(tick.tick_data.run_ids), house.instance.get_runs_count()) == ("SUCCESS", 2, 2)
