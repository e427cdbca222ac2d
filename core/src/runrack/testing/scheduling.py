"""SchedulingHouse: an instance in memory, a code location, a clock, and daemons that run the loops of schedulers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from typing_extensions import override

from runrack.definitions.definitions import Definitions
from runrack.definitions.job import job
from runrack.definitions.op import op
from runrack.definitions.schedule import ScheduleDefinition
from runrack.definitions.sensor import SensorDefinition
from runrack.host.registry import PluginRegistry
from runrack.instance.instance import Instance
from runrack.instance.part_factories import ephemeral_factories
from runrack.interfaces.daemon_loop import DaemonLoop, SupportsDaemonLoops
from runrack.interfaces.run_coordinator import RunCoordinator, SubmitRunContext
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.interfaces.scheduler import Scheduler
from runrack.records.run import Run
from runrack.records.tick import InstigatorOrigin, InstigatorState, InstigatorTick, TickStatus
from runrack.testing.builders import NOW
from runrack.testing.clock import ManualClock
from runrack.testing.launching import FakeDaemon, RecordingLauncher
from runrack.testing.location import FakeLocation, FakeWorkspace

HOUR = 3600.0
START = NOW - NOW % HOUR + 30
"""Half a minute after a full hour, in seconds since 1970."""


class PowerFailureError(BaseException):
    """The end of a daemon, which nothing can catch by accident."""


class MortalCoordinator(RunCoordinator):
    """Launches what is submitted at once, and takes its daemon with it when it is handed one run too many.

    Attributes:
        left: How many runs it takes before that; None for any number.
    """

    def __init__(self) -> None:
        self.left: int | None = None

    @override
    def submit_run(self, context: SubmitRunContext) -> Run:
        if self.left == 0:
            self.left = None
            raise PowerFailureError
        self.left = None if self.left is None else self.left - 1
        return self.instance.launch_run(context.run.run_id, context.workspace)

    @override
    def cancel_run(self, run_id: str) -> bool:
        return False


@op
def do_nothing() -> None:
    """Do nothing."""


@job(tags={"team": "a"})
def the_job() -> None:
    """The job of which schedules and sensors make runs; none of them starts."""
    do_nothing()


class SchedulingHouse:
    """All that a scheduler needs to work, and a clock that stands still.

    Args:
        instance: What its daemons work for; its launcher is `launcher`, its coordinator `coordinator`.
        launcher: Notes which runs were launched.
        coordinator: Can let a daemon die.
        make_scheduler: Makes a scheduler that goes by a clock.
    """

    def __init__(
        self,
        instance: Instance,
        launcher: RecordingLauncher,
        coordinator: MortalCoordinator,
        make_scheduler: Callable[[Callable[[], float]], Scheduler],
    ) -> None:
        self.instance = instance
        self.launcher = launcher
        self.coordinator = coordinator
        self.clock = ManualClock(START)
        self.location = FakeLocation(Definitions(), instance)
        self.workspace = FakeWorkspace(self.location)
        self._make_scheduler = make_scheduler
        self.scheduler = self.new_scheduler()

    @property
    def storage(self) -> ScheduleStorage:
        """Where states and ticks are."""
        return self.instance.schedule_storage

    def new_scheduler(self) -> Scheduler:
        """Return another scheduler of the instance, as a second daemon would have one."""
        scheduler = self._make_scheduler(self.clock.now)
        scheduler.register_instance(self.instance)
        return scheduler

    def define(
        self, schedules: Iterable[ScheduleDefinition] = (), sensors: Iterable[SensorDefinition] = ()
    ) -> None:
        """Let the code location hold these schedules and sensors, and the job."""
        self.location.definitions = Definitions([the_job], list(schedules), list(sensors))

    def loops(self, scheduler: Scheduler | None = None) -> list[DaemonLoop]:
        """Return the loops of a scheduler; those of the first one by default."""
        chosen = scheduler or self.scheduler
        assert isinstance(chosen, SupportsDaemonLoops), f"a {type(chosen).__name__} offers no daemon_loops()"
        return list(chosen.daemon_loops())

    def do_round(
        self, owner: str = "daemon", scheduler: Scheduler | None = None, stops_after: int | None = None
    ) -> FakeDaemon:
        """Let a daemon do one round of each loop, and return it."""
        daemon = FakeDaemon(self.instance, self.workspace, owner, stops_after)
        for loop in self.loops(scheduler):
            loop.run_once(daemon)
        return daemon

    def pass_time(self, seconds: float, step: float | None = None) -> None:
        """Let time pass in steps, with a round after each."""
        for _ in range(int(seconds // (step or seconds))):
            self.clock.advance(step or seconds)
            self.do_round()

    def die_after(self, runs: int, owner: str = "dead") -> None:
        """Let a daemon die in its round when it has submitted some runs, and its claims run out."""
        self.coordinator.left = runs
        try:
            self.do_round(owner)
        except PowerFailureError:
            pass
        else:
            raise AssertionError(f"the round did not submit more than {runs} runs")
        for tick in self.storage.get_ticks(statuses=[TickStatus.STARTED]):
            self.storage.renew_tick(tick.tick_id, owner, 0)

    def state(self, name: str) -> InstigatorState | None:
        """Return what is stored of a schedule or sensor of the location."""
        return self.storage.get_instigator_state(self.origin(name).selector_id)

    def ticks(self, name: str) -> list[InstigatorTick]:
        """Return the ticks of a schedule or sensor of the location, oldest first."""
        return list(self.storage.get_ticks([self.origin(name).selector_id]))[::-1]

    def times(self, name: str) -> list[float]:
        """Return when its ticks were due, in seconds since 1970, oldest first."""
        return [tick.timestamp for tick in self.ticks(name)]

    def statuses(self, name: str) -> list[str]:
        """Return what came of its ticks, oldest first."""
        return [tick.status.value for tick in self.ticks(name)]

    @staticmethod
    def origin(name: str) -> InstigatorOrigin:
        """Return the origin of a schedule or sensor of the location."""
        return InstigatorOrigin("here", name)


@contextmanager
def scheduling_house(
    make_scheduler: Callable[[Callable[[], float]], Scheduler], folder: Path
) -> Iterator[SchedulingHouse]:
    """Yield a house whose instance keeps everything in memory: the plugins `memory` and `local` have to be installed.

    Args:
        make_scheduler: Makes a scheduler that takes the time, in seconds since 1970, from what it is given.
        folder: For the files of the instance.
    """
    registry = PluginRegistry()
    launcher, coordinator = RecordingLauncher(), MortalCoordinator()
    with ExitStack() as stack:
        instance = stack.enter_context(
            Instance(
                registry=registry,
                factories=ephemeral_factories(registry, lambda: str(folder)),
                run_launcher=launcher,
                run_coordinator=coordinator,
            )
        )
        house = SchedulingHouse(instance, launcher, coordinator, make_scheduler)
        yield house
        house.scheduler.dispose()
