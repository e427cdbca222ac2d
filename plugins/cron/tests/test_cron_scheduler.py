"""The scheduler as a part of an instance: its configuration, its loops, and what an instance asks of it."""

import pytest

from runrack.errors import ConfigError, InvariantViolationError
from runrack.instance.instance import Instance
from runrack.interfaces.daemon_loop import SupportsDaemonLoops
from runrack.interfaces.workspace import ScheduleInfo, SensorInfo
from runrack.records.tick import InstigatorStatus, ScheduleInstigatorData
from runrack_cron import CronScheduler

SCHEDULE = ScheduleInfo(
    name="schedule", job_name="job", cron_schedule=("0 0 * * *",), execution_timezone="Asia/Tokyo"
)
SENSOR = SensorInfo(name="sensor")


@pytest.fixture
def instance(tmp_path):
    with Instance.local_temp(tmp_path, {"scheduler": {"cron": {"max_catchup_runs": 2}}}) as opened:
        yield opened


def test_an_instance_has_the_scheduler(instance):
    """The scheduler of an instance is this one, with a loop for schedules and one for sensors."""
    assert isinstance(instance.scheduler, CronScheduler)
    assert isinstance(instance.scheduler, SupportsDaemonLoops)
    assert [loop.name for loop in instance.scheduler.daemon_loops()] == ["schedules", "sensors"]


def test_schedules_are_started_and_stopped(instance):
    """A schedule that is started has a start, which a second start leaves; stopping and resetting take it away."""
    started = instance.start_schedule("here", SCHEDULE)
    assert instance.start_schedule("here", SCHEDULE) == started
    assert isinstance(started.instigator_data, ScheduleInstigatorData)
    assert started.instigator_data.start_timestamp is not None
    assert started.instigator_data.execution_timezone == "Asia/Tokyo"
    stopped = instance.stop_schedule("here", SCHEDULE)
    assert (stopped.status, stopped.instigator_data.start_timestamp) == (InstigatorStatus.STOPPED, None)
    assert instance.reset_schedule("here", SCHEDULE).status is InstigatorStatus.DECLARED_IN_CODE
    assert (
        instance.start_schedule("here", SCHEDULE).instigator_data.start_timestamp
        > started.instigator_data.start_timestamp
    )


def test_sensors_are_started_and_stopped(instance):
    """A sensor is started, stopped and reset."""
    assert instance.start_sensor("here", SENSOR).status is InstigatorStatus.RUNNING
    assert instance.stop_sensor("here", SENSOR).status is InstigatorStatus.STOPPED
    assert instance.reset_sensor("here", SENSOR).status is InstigatorStatus.DECLARED_IN_CODE


def test_what_the_scheduler_tells(instance, tmp_path):
    """The debug information names every state; the log lies in a folder of the instance, which is made."""
    instance.start_schedule("here", SCHEDULE)
    assert "schedule schedule: RUNNING, no tick" in instance.scheduler_debug_info()
    path = instance.logs_path_for_schedule("here", "schedule")
    assert path.startswith(str(tmp_path))
    assert path.endswith("/scheduler.log")


def test_an_instance_without_a_scheduler_says_so():
    """An instance that keeps everything in memory has no scheduler."""
    with Instance.ephemeral() as instance, pytest.raises(InvariantViolationError, match="no scheduler"):
        instance.start_schedule("here", SCHEDULE)


@pytest.mark.parametrize(
    "fields",
    [
        {"max_catchup_runs": -1},
        {"max_tick_retries": -1},
        {"tick_timeout_seconds": 0},
        {"tick_lease_seconds": 0},
        {"num_workers": 0},
    ],
)
def test_wrong_numbers_are_refused(fields):
    """A number that is out of range is refused with its name."""
    with pytest.raises(ConfigError, match=next(iter(fields))):
        CronScheduler(**fields)
