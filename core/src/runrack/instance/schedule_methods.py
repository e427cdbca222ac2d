"""How schedules and sensors are started and stopped."""

from __future__ import annotations

import time

from runrack.errors import InvariantViolationError
from runrack.instance.instance_base import InstanceBase
from runrack.interfaces.scheduler import Scheduler
from runrack.interfaces.workspace import ScheduleInfo, SensorInfo
from runrack.records.tick import InstigatorOrigin, InstigatorState


class ScheduleMethods(InstanceBase):
    """Schedules and sensors: started, stopped, left to what their code declares. As `Scheduler`.

    Every method raises InvariantViolationError on an instance without a scheduler or without a storage of schedules.
    """

    def start_schedule(self, location_name: str, schedule: ScheduleInfo) -> InstigatorState:
        """Make a schedule run from now on, and return its state. One that was started before stays as it is."""
        return self._scheduler.start_schedule(
            self.schedule_storage,
            InstigatorOrigin(location_name, schedule.name),
            schedule.cron_schedule,
            time.time(),
            schedule.execution_timezone,
        )

    def stop_schedule(self, location_name: str, schedule: ScheduleInfo) -> InstigatorState:
        """Make a schedule not run, and return its state."""
        origin = InstigatorOrigin(location_name, schedule.name)
        return self._scheduler.stop_schedule(self.schedule_storage, origin, schedule.cron_schedule)

    def reset_schedule(self, location_name: str, schedule: ScheduleInfo) -> InstigatorState:
        """Make a schedule run or not as its code declares, and return its state."""
        origin = InstigatorOrigin(location_name, schedule.name)
        return self._scheduler.reset_schedule(self.schedule_storage, origin, schedule.cron_schedule)

    def start_sensor(self, location_name: str, sensor: SensorInfo) -> InstigatorState:
        """Make a sensor run, and return its state."""
        origin = InstigatorOrigin(location_name, sensor.name)
        return self._scheduler.start_sensor(self.schedule_storage, origin, sensor.minimum_interval_seconds)

    def stop_sensor(self, location_name: str, sensor: SensorInfo) -> InstigatorState:
        """Make a sensor not run, and return its state."""
        origin = InstigatorOrigin(location_name, sensor.name)
        return self._scheduler.stop_sensor(self.schedule_storage, origin, sensor.minimum_interval_seconds)

    def reset_sensor(self, location_name: str, sensor: SensorInfo) -> InstigatorState:
        """Make a sensor run or not as its code declares, and return its state."""
        origin = InstigatorOrigin(location_name, sensor.name)
        return self._scheduler.reset_sensor(self.schedule_storage, origin, sensor.minimum_interval_seconds)

    def scheduler_debug_info(self) -> str:
        """Return what helps to find out why a schedule does not run."""
        return self._scheduler.debug_info()

    def logs_path_for_schedule(self, location_name: str, name: str) -> str:
        """Return where the log of a schedule or sensor lies on this machine."""
        return self._scheduler.get_logs_path(InstigatorOrigin(location_name, name).origin_id)

    @property
    def _scheduler(self) -> Scheduler:
        found = self.scheduler
        if found is None:
            raise InvariantViolationError("this instance has no scheduler: its schedules never run")
        return found
