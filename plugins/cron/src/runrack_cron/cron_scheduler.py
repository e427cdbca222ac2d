"""CronScheduler: makes runs at the times of schedules, and when sensors ask for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import override

from runrack.config.vocabulary import Field, IntSource
from runrack.errors import ConfigError
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.daemon_loop import DaemonLoop
from runrack.interfaces.scheduler import Scheduler
from runrack.records.tick import InstigatorType
from runrack_cron.schedule_loop import ScheduleLoop
from runrack_cron.sensor_loop import SensorLoop
from runrack_cron.tick_settings import TickSettings

DEFAULT_MAX_CATCHUP_RUNS = 5
DEFAULT_LEASE_SECONDS = 30
DEFAULT_TIMEOUT_SECONDS = 60
DEFAULT_WORKERS = 4


class CronScheduler(Scheduler, ConfigurableClass):
    """Makes runs at the times of schedules and when sensors ask for them, with any number of daemons.

    Args:
        max_catchup_runs: How many missed ticks of a schedule are made up for at most, where its `catch_up` is "all".
        max_tick_retries: How often a tick whose function raises is tried again.
        tick_timeout_seconds: How long the function of a schedule or sensor may take.
        tick_lease_seconds: How long after the death of a daemon another takes over the ticks that it was working on.
        num_workers: How many ticks a daemon works on at the same time.
        inst_data: What it was built from.
        now: Gives the time, in seconds since 1970.

    Raises:
        ConfigError: A number is out of range.
    """

    def __init__(
        self,
        max_catchup_runs: int = DEFAULT_MAX_CATCHUP_RUNS,
        max_tick_retries: int = 0,
        tick_timeout_seconds: int = DEFAULT_TIMEOUT_SECONDS,
        tick_lease_seconds: int = DEFAULT_LEASE_SECONDS,
        num_workers: int = DEFAULT_WORKERS,
        inst_data: ConfigurableClassData | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        for name, value, least in (
            ("max_catchup_runs", max_catchup_runs, 0),
            ("max_tick_retries", max_tick_retries, 0),
            ("tick_timeout_seconds", tick_timeout_seconds, 1),
            ("tick_lease_seconds", tick_lease_seconds, 1),
            ("num_workers", num_workers, 1),
        ):
            if value < least:
                raise ConfigError(f"{name} is {least} or more")
        self._inst_data = inst_data
        self._max_catchup_runs = max_catchup_runs
        self._settings = TickSettings(
            max_retries=max_tick_retries,
            timeout_seconds=tick_timeout_seconds,
            lease_seconds=tick_lease_seconds,
            workers=num_workers,
            get_logs_path=self.get_logs_path,
            now=now,
        )

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {
            "max_catchup_runs": Field(
                IntSource(minimum=0),
                default_value=DEFAULT_MAX_CATCHUP_RUNS,
                description="How many missed ticks of a schedule whose catch_up is all are made up for",
            ),
            "max_tick_retries": Field(
                IntSource(minimum=0),
                default_value=0,
                description="How often a tick whose function raises is tried again",
            ),
            "tick_timeout_seconds": Field(
                IntSource(minimum=1),
                default_value=DEFAULT_TIMEOUT_SECONDS,
                description="How long the function of a schedule or sensor may take",
            ),
            "tick_lease_seconds": Field(
                IntSource(minimum=1),
                default_value=DEFAULT_LEASE_SECONDS,
                description="How long after the death of a daemon another takes over its ticks",
            ),
            "num_workers": Field(
                IntSource(minimum=1),
                default_value=DEFAULT_WORKERS,
                description="How many ticks a daemon works on at the same time",
            ),
        }

    def daemon_loops(self) -> Sequence[DaemonLoop]:
        """Return the loops that make the ticks of schedules and of sensors."""
        return [ScheduleLoop(self._settings, self._max_catchup_runs), SensorLoop(self._settings)]

    @override
    def debug_info(self) -> str:
        storage = self.instance.storage.schedule_storage
        states = storage.all_instigator_state()
        newest = storage.get_batch_ticks([state.selector_id for state in states], limit=1)
        lines = [f"{type(self).__name__}: {len(states)} schedules and sensors have a stored state"]
        for state in states:
            kind = "schedule" if state.instigator_type is InstigatorType.SCHEDULE else "sensor"
            ticks = newest.get(state.selector_id, ())
            last = f"last tick {ticks[0].tick_id} {ticks[0].status}" if ticks else "no tick"
            lines.append(f"{kind} {state.origin.instigator_name}: {state.status}, {last}")
        return "\n".join(lines)

    @override
    def get_logs_path(self, schedule_origin_id: str) -> str:
        folder = Path(self.instance.artifact_storage.schedules_dir) / "logs" / schedule_origin_id
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder / "scheduler.log")
