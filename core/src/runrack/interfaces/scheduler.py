"""Scheduler: keeps track of which schedules run."""

from abc import ABC, abstractmethod

from runrack.interfaces.part import InstancePart
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.records.tick import (
    InstigatorOrigin,
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
)


class Scheduler(InstancePart, ABC):
    """Starts and stops schedules; what evaluates them is a daemon's loop."""

    @abstractmethod
    def debug_info(self) -> str:
        """Return what helps to find out why a schedule does not run."""

    @abstractmethod
    def get_logs_path(self, schedule_origin_id: str) -> str:
        """Return where the log of a schedule lies on this machine."""

    def start_schedule(
        self,
        storage: ScheduleStorage,
        origin: InstigatorOrigin,
        cron_schedule: str | tuple[str, ...],
        start_timestamp: float,
    ) -> InstigatorState:
        """Make the schedule run from `start_timestamp` (seconds since 1970) on, and return its state.

        - One that runs already stays as it is.
        """
        stored = storage.get_instigator_state(origin.selector_id)
        if stored is not None and stored.status is InstigatorStatus.RUNNING:
            return stored
        data = ScheduleInstigatorData(cron_schedule, start_timestamp)
        return self._set_state(storage, origin, InstigatorStatus.RUNNING, data)

    def stop_schedule(
        self, storage: ScheduleStorage, origin: InstigatorOrigin, cron_schedule: str | tuple[str, ...]
    ) -> InstigatorState:
        """Make the schedule not run, whatever its code declares, and return its state."""
        stored = storage.get_instigator_state(origin.selector_id)
        if stored is not None and stored.status is InstigatorStatus.STOPPED:
            return stored
        return self._set_state(
            storage, origin, InstigatorStatus.STOPPED, ScheduleInstigatorData(cron_schedule)
        )

    def reset_schedule(
        self, storage: ScheduleStorage, origin: InstigatorOrigin, cron_schedule: str | tuple[str, ...]
    ) -> InstigatorState:
        """Make the schedule run or not as its code declares, and return its state."""
        data = ScheduleInstigatorData(cron_schedule)
        return self._set_state(storage, origin, InstigatorStatus.DECLARED_IN_CODE, data)

    def _set_state(
        self,
        storage: ScheduleStorage,
        origin: InstigatorOrigin,
        status: InstigatorStatus,
        data: ScheduleInstigatorData,
    ) -> InstigatorState:
        state = InstigatorState(origin, InstigatorType.SCHEDULE, status, data)
        if storage.get_instigator_state(origin.selector_id) is None:
            return storage.add_instigator_state(state)
        return storage.update_instigator_state(state)
