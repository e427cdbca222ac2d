"""An instance whose runs are queued and never start, a clock, and daemons with the loops of the scheduler."""

from contextlib import ExitStack

import pytest
from typing_extensions import override

from runrack.definitions.definitions import Definitions
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.instance.instance import Instance
from runrack.records.tick import InstigatorOrigin
from runrack.testing.clock import ManualClock
from runrack.testing.launching import FakeDaemon, RecordingLauncher
from runrack.testing.location import FakeLocation, FakeWorkspace
from runrack_cron import CronScheduler
from runrack_cron.schedule_loop import ScheduleLoop
from runrack_cron.sensor_loop import SensorLoop
from runrack_cron.tick_settings import TickSettings
from runrack_memory import MemoryStorage
from runrack_queue import DefaultRunCoordinator


@op
def nothing():
    pass


@job(tags={"team": "a"}, config={"ops": {}})
def the_job():
    nothing()


class PowerFailure(BaseException):
    """The end of a daemon."""


class MortalCoordinator(DefaultRunCoordinator):
    """Takes its daemon with it when it is handed one more run than `left`."""

    left = None

    @override
    def submit_run(self, context):
        if self.left == 0:
            self.left = None
            raise PowerFailure
        self.left = None if self.left is None else self.left - 1
        return super().submit_run(context)


class House:
    """An instance, a code location, and daemons."""

    job = the_job

    def __init__(self, instance, launcher, folder):
        self.instance = instance
        self.launcher = launcher
        self.clock = ManualClock()
        self.scheduler = CronScheduler()
        self.location = FakeLocation(Definitions(), instance)
        self.workspace = FakeWorkspace(self.location)
        self._folder = folder

    @property
    def storage(self):
        return self.instance.schedule_storage

    def define(self, schedules=(), sensors=()):
        self.location.definitions = Definitions([the_job], schedules, sensors)

    def settings(self, **fields):
        base = {
            "max_retries": 0,
            "timeout_seconds": 60,
            "lease_seconds": 60,
            "workers": 2,
            "get_logs_path": lambda origin_id: str(self._folder / origin_id),
            "now": self.clock.now,
        }
        return TickSettings(**{**base, **fields})

    def make_ticks(self, owner="daemon", max_catchup_runs=5, stops_after=None, **fields):
        """Let a daemon do one round of both loops."""
        daemon = FakeDaemon(self.instance, self.workspace, owner, stops_after)
        settings = self.settings(**fields)
        ScheduleLoop(settings, max_catchup_runs).run_once(daemon)
        SensorLoop(settings).run_once(daemon)

    def die_after(self, runs, **fields):
        """Let a daemon die in its round when it has submitted some runs, and its leases run out."""
        self.instance.run_coordinator.left = runs
        with pytest.raises(PowerFailure):
            self.make_ticks("dead", lease_seconds=0.0001, **fields)

    def pass_time(self, seconds, step=None):
        """Let time pass in steps, with a round after each."""
        for _ in range(int(seconds // (step or seconds))):
            self.clock.advance(step or seconds)
            self.make_ticks()

    def ticks(self, name):
        """Return the ticks of an instigator, oldest first."""
        return list(self.storage.get_ticks([self.origin(name).selector_id]))[::-1]

    def times(self, name):
        return [tick.timestamp for tick in self.ticks(name)]

    def statuses(self, name):
        return [tick.status.value for tick in self.ticks(name)]

    @staticmethod
    def origin(name):
        return InstigatorOrigin("here", name)

    def log_of(self, name):
        return (self._folder / self.origin(name).origin_id).read_text()


@pytest.fixture
def house(tmp_path):
    launcher = RecordingLauncher()
    with ExitStack() as stack:
        instance = Instance(
            storage=MemoryStorage(), run_launcher=launcher, run_coordinator=MortalCoordinator()
        )
        yield House(stack.enter_context(instance), launcher, tmp_path)
