"""What schedules, sensors and the definitions of a code location accept, and what they answer."""

from datetime import UTC, datetime
from types import ModuleType

import pytest

from runrack.definitions.definitions import Definitions, find_definitions
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.partitions import StaticPartitionsDefinition
from runrack.definitions.resource import ResourceDefinition
from runrack.definitions.run_status_sensor import run_failure_sensor, run_status_sensor
from runrack.definitions.schedule import (
    ScheduleDefinition,
    ScheduleEvaluationContext,
    build_schedule_from_partitioned_job,
    schedule,
)
from runrack.definitions.sensor import SensorEvaluationContext, sensor
from runrack.definitions.time_window_partitions import DailyPartitionsDefinition, WeeklyPartitionsDefinition
from runrack.errors import (
    InvalidArgumentError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    NotFoundError,
)
from runrack.records.run_request import RunRequest, SkipReason
from runrack.records.run_status import RunStatus

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@op
def nothing():
    pass


@job(config={"ops": {}})
def first():
    nothing()


@job
def second():
    nothing()


def answer(function, **fields):
    made = schedule("0 0 * * *", **{"job": first, "name": "asked", **fields})(function)
    return made.evaluate(ScheduleEvaluationContext(NOON, made.name))


def test_answers_of_a_schedule():
    """A request, several, a generator, a dict, a SkipReason and nothing are understood; job and tags are filled in."""
    one = RunRequest(job_name="first", run_config={"ops": {}}, tags={"a": "b"})
    assert answer(asks, tags={"a": "b"}) == ((one,), None)
    assert answer(lambda: [RunRequest(), RunRequest()], tags={"a": "b"}) == ((one, one), None)
    assert answer(lambda: {"x": 1}) == ((RunRequest(job_name="first", run_config={"x": 1}),), None)
    assert answer(lambda: SkipReason("why")) == ((), "why")
    assert answer(lambda: None) == ((), None)

    def yields(context):
        yield RunRequest(run_key=context.scheduled_execution_time.isoformat())

    assert [request.run_key for request in answer(yields)[0]] == ["2026-03-04T12:00:00+00:00"]


def asks():
    return RunRequest()


@pytest.mark.parametrize(
    "returned", [7, "text", [RunRequest(), 7], [RunRequest(), SkipReason()], RunRequest(job_name="second")]
)
def test_wrong_answers_are_refused(returned):
    """An answer that is none, or asks for another job, is refused."""
    with pytest.raises(InvalidInvocationError):
        answer(lambda: returned)


def test_a_schedule_without_a_function():
    """A schedule without a function asks for one run, with its configuration or what a function makes of the time."""
    plain = ScheduleDefinition(cron_schedule="0 0 * * *", job=first)
    assert plain.name == "first_schedule"
    context = ScheduleEvaluationContext(NOON, plain.name)
    assert plain.evaluate(context)[0][0].run_config == {"ops": {}}
    made = ScheduleDefinition(
        cron_schedule="0 0 * * *",
        job=first,
        run_config=lambda given: {"hour": given.scheduled_execution_time.hour},
    )
    assert made.evaluate(context)[0][0].run_config == {"hour": 12}
    with pytest.raises(InvariantViolationError):
        _ = context.instance


@pytest.mark.parametrize(
    "fields",
    [
        {"cron_schedule": "never"},
        {"cron_schedule": []},
        {"execution_timezone": "Mars/Olympus"},
        {"job": 7},
        {"name": "no name"},
        {"default_status": "SOMETIMES"},
        {"catch_up": "some"},
        {"catch_up": -1},
        {"catch_up": True},
        {"run_config": 7},
        {"execution_fn": lambda a, b: None},
        {"execution_fn": lambda: None, "run_config": {}},
        {"tags": {"a": 7}},
    ],
)
def test_wrong_schedules_are_refused(fields):
    """What does not fit is refused where the schedule is defined."""
    with pytest.raises((InvalidDefinitionError, InvalidArgumentError)):
        ScheduleDefinition(**{"cron_schedule": "0 0 * * *", "job": first, **fields})


def test_a_schedule_of_time_windows():
    """A schedule of a job with time windows runs the one that ended last, once each, in the zone of the windows."""
    daily = job(name="daily", partitions_def=DailyPartitionsDefinition("2026-03-01", "Asia/Tokyo"))(
        first_body
    )
    made = build_schedule_from_partitioned_job(daily)
    assert (made.cron_schedule, made.execution_timezone) == (("0 0 * * *",), "Asia/Tokyo")
    (request,), _ = made.evaluate(ScheduleEvaluationContext(NOON, made.name))
    assert (request.partition_key, request.run_key) == ("2026-03-03", "2026-03-03")
    weekly = job(name="weekly", partitions_def=WeeklyPartitionsDefinition("2026-03-02"))(first_body)
    assert build_schedule_from_partitioned_job(weekly).cron_schedule == ("0 0 * * 1",)
    early = ScheduleEvaluationContext(datetime(2026, 2, 1, tzinfo=UTC), made.name)
    assert made.evaluate(early) == ((), "no time window has ended yet")
    fixed = job(name="fixed", partitions_def=StaticPartitionsDefinition(["a"]))(first_body)
    for unfit in (first, fixed):
        with pytest.raises(InvalidDefinitionError, match="time windows"):
            build_schedule_from_partitioned_job(unfit)


def first_body():
    nothing()


def test_a_sensor_of_several_jobs():
    """A sensor with several jobs has to say which one each request is for."""

    @sensor(jobs=[first, "second"])
    def picks():
        return RunRequest(job_name="second"), RunRequest(job_name="first")

    asked, _ = picks.evaluate(SensorEvaluationContext())
    assert [(request.job_name, request.run_config) for request in asked] == [
        ("second", None),
        ("first", {"ops": {}}),
    ]

    @sensor(jobs=[first, second])
    def forgets():
        return RunRequest()

    with pytest.raises(InvalidInvocationError, match="without saying of which job"):
        forgets.evaluate(SensorEvaluationContext())


def test_the_context_of_a_sensor():
    """A cursor is a string, or None; the last time is aware."""
    context = SensorEvaluationContext(cursor="a", last_tick_timestamp=0.0)
    context.update_cursor("b")
    assert (context.cursor, context.last_tick_time) == ("b", datetime(1970, 1, 1, tzinfo=UTC))
    with pytest.raises(InvalidArgumentError):
        context.update_cursor(7)
    with pytest.raises(InvariantViolationError):
        _ = context.instance


@pytest.mark.parametrize("seconds", [0, -1, "soon", True])
def test_wrong_intervals_are_refused(seconds):
    """The interval of a sensor is a number above 0."""
    with pytest.raises(InvalidDefinitionError):
        sensor(job=first, minimum_interval_seconds=seconds)(lambda: None)


def test_wrong_sensors_are_refused():
    """Job and jobs at once, what is no function, and a status that no event brings are refused."""
    with pytest.raises(InvalidDefinitionError, match="not both"):
        sensor(job=first, jobs=[second])(nothing_found)
    with pytest.raises(InvalidDefinitionError, match="a function"):
        sensor(job=first)(7)
    with pytest.raises(InvalidDefinitionError, match="run_status"):
        run_status_sensor(run_status=RunStatus.MANAGED)(nothing_found)
    assert run_failure_sensor()(nothing_found).run_status is RunStatus.FAILURE


def nothing_found():
    """Find nothing."""


def test_definitions_hold_what_belongs_together():
    """The jobs of schedules and sensors are among the jobs; one that is only named has to be there."""
    nightly = ScheduleDefinition(cron_schedule="0 0 * * *", job=first)
    looks = sensor(job="second")(nothing_found)
    held = Definitions([second], [nightly], [looks])
    assert (sorted(held.jobs), held.get_schedule("first_schedule"), held.get_sensor("nothing_found")) == (
        ["first", "second"],
        nightly,
        looks,
    )
    with pytest.raises(InvalidDefinitionError, match="wants job 'second'"):
        Definitions(sensors=[looks])
    with pytest.raises(NotFoundError, match="there is: first_schedule"):
        held.get_schedule("other")
    twin = job(name="first")(first_body)
    with pytest.raises(InvalidDefinitionError, match="two of the jobs"):
        Definitions([first, twin])
    with pytest.raises(InvalidDefinitionError, match="not a function"):
        Definitions([first_body])


def test_resources_of_definitions_replace_those_of_jobs():
    """A resource of the definitions takes the place of that of the same key in each job that has it."""
    with_resource = job(name="with_resource", resource_defs={"where": "here"})(first_body)
    held = Definitions(
        [with_resource, first], resources={"where": ResourceDefinition.hardcoded_resource("there")}
    )
    assert held.jobs["with_resource"] is not with_resource
    assert held.jobs["first"] is first


def test_the_definitions_of_a_module():
    """A module offers its Definitions, or else what is bound at its top level, however often it is bound."""
    module = ModuleType("code")
    nightly = ScheduleDefinition(cron_schedule="0 0 * * *", job="first")
    vars(module).update(a=first, b=first, nightly=nightly)
    found = find_definitions(module)
    assert (list(found.jobs), list(found.schedules)) == (["first"], ["first_schedule"])
    chosen = Definitions([second])
    vars(module)["defs"] = chosen
    assert find_definitions(module) is chosen
    vars(module)["more"] = Definitions()
    with pytest.raises(InvalidDefinitionError, match="2 Definitions"):
        find_definitions(module)
