"""Scheduler: keeps track of which schedules and sensors run."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from runrack.errors import AlreadyExistsError, NotFoundError
from runrack.interfaces.part import InstancePart
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.records.tick import (
    InstigatorOrigin,
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
)

CronText = str | Sequence[str]
"""One cron expression or several."""


class Scheduler(InstancePart, ABC):
    """Starts and stops schedules and sensors; what evaluates them is a daemon's loop.

    Whether something runs is kept in the storage alone, so that every process, and every other scheduler, knows at once.

    A scheduler whose daemon loops make the ticks (`SupportsDaemonLoops`) keeps to this:

    - A tick is made once, however many daemons look, and never for a moment before the schedule was started, first seen,
      or last changed in its code. It is stored with the moment at which it was due and the ids of its runs.
    - A tick that was missed is made up for as the schedule's `catch_up` says.
    - A tick whose daemon died is finished by another, and makes no run a second time.
    - A request with a run key makes one run, ever. The runs have the tags `runrack/schedule_name` or
      `runrack/sensor_name`, and `runrack/tick_id`.
    - What a function raises makes a tick in FAILURE with the error, and disturbs nothing else; one that asks for nothing
      makes a tick in SKIPPED, with the reason that it gave.
    - A sensor is not asked again before its interval is over. It gets the cursor, the run key and the time of its last
      evaluation; one that raises leaves them as they were.
    - A location that cannot be loaded loses no tick and holds up no other location. A daemon that is stopping begins
      no tick.
    """

    @abstractmethod
    def debug_info(self) -> str:
        """Return what helps to find out why a schedule does not run.

        - It is text for people, names every schedule and sensor that has a stored state, and changes nothing.
        """

    @abstractmethod
    def get_logs_path(self, schedule_origin_id: str) -> str:
        """Return where the log of a schedule or sensor lies on this machine.

        - An absolute path, the same each time, another one for each origin id. Its folder is there; the file need not be.
        """

    def start_schedule(
        self,
        storage: ScheduleStorage,
        origin: InstigatorOrigin,
        cron_schedule: CronText,
        start_timestamp: float,
        execution_timezone: str | None = None,
    ) -> InstigatorState:
        """Make the schedule run from `start_timestamp` (seconds since 1970) on, and return its state.

        - One that was started before stays as it is. No tick before the start is made up for.
        """
        data = ScheduleInstigatorData(cron_schedule, start_timestamp, execution_timezone=execution_timezone)
        return _set_status(
            storage, InstigatorState(origin, InstigatorType.SCHEDULE, InstigatorStatus.RUNNING, data)
        )

    def stop_schedule(
        self, storage: ScheduleStorage, origin: InstigatorOrigin, cron_schedule: CronText
    ) -> InstigatorState:
        """Make the schedule not run, whatever its code declares, and return its state."""
        data = ScheduleInstigatorData(cron_schedule)
        return _set_status(
            storage, InstigatorState(origin, InstigatorType.SCHEDULE, InstigatorStatus.STOPPED, data)
        )

    def reset_schedule(
        self, storage: ScheduleStorage, origin: InstigatorOrigin, cron_schedule: CronText
    ) -> InstigatorState:
        """Make the schedule run or not as its code declares, and return its state."""
        data = ScheduleInstigatorData(cron_schedule)
        return _set_status(
            storage, InstigatorState(origin, InstigatorType.SCHEDULE, InstigatorStatus.DECLARED_IN_CODE, data)
        )

    def start_sensor(
        self, storage: ScheduleStorage, origin: InstigatorOrigin, min_interval: float
    ) -> InstigatorState:
        """Make the sensor run, and return its state. It keeps its cursor."""
        return _set_sensor_status(storage, origin, InstigatorStatus.RUNNING, min_interval)

    def stop_sensor(
        self, storage: ScheduleStorage, origin: InstigatorOrigin, min_interval: float
    ) -> InstigatorState:
        """Make the sensor not run, whatever its code declares, and return its state. It keeps its cursor."""
        return _set_sensor_status(storage, origin, InstigatorStatus.STOPPED, min_interval)

    def reset_sensor(
        self, storage: ScheduleStorage, origin: InstigatorOrigin, min_interval: float
    ) -> InstigatorState:
        """Make the sensor run or not as its code declares, and return its state. It keeps its cursor."""
        return _set_sensor_status(storage, origin, InstigatorStatus.DECLARED_IN_CODE, min_interval)


def is_running(state: InstigatorState | None, default_status: InstigatorStatus) -> bool:
    """Tell whether a schedule or sensor runs.

    Args:
        state: What is stored of it, if anything is.
        default_status: What its code declares.
    """
    if state is None or state.status is InstigatorStatus.DECLARED_IN_CODE:
        return default_status is InstigatorStatus.RUNNING
    return state.status is InstigatorStatus.RUNNING


def store_state(
    storage: ScheduleStorage, new: InstigatorState, change: Callable[[InstigatorState], InstigatorState]
) -> InstigatorState:
    """Store `new`, or what `change` makes of the state that is stored already, and return it."""
    try:
        return storage.change_instigator_state(new.selector_id, change)
    except NotFoundError:
        pass
    try:
        return storage.add_instigator_state(new)
    except AlreadyExistsError:  # another was quicker
        return storage.change_instigator_state(new.selector_id, change)


def _set_status(storage: ScheduleStorage, new: InstigatorState) -> InstigatorState:
    is_reset = new.status is InstigatorStatus.DECLARED_IN_CODE

    def change(stored: InstigatorState) -> InstigatorState:
        return stored if stored.status is new.status and not is_reset else new

    return store_state(storage, new, change)


def _set_sensor_status(
    storage: ScheduleStorage, origin: InstigatorOrigin, status: InstigatorStatus, min_interval: float
) -> InstigatorState:
    data = SensorInstigatorData(min_interval=min_interval)
    new = InstigatorState(origin, InstigatorType.SENSOR, status, data)
    return store_state(storage, new, lambda stored: replace(stored, status=status))
