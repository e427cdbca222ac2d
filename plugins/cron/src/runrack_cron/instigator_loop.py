"""InstigatorLoop: what the loops of schedules and of sensors share."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from typing_extensions import override

from runrack.errors import LocationUnavailableError
from runrack.interfaces.daemon_loop import DaemonContext, DaemonLoop
from runrack.interfaces.workspace import CodeLocation, LocationContents, ScheduleInfo, SensorInfo
from runrack.records.tick import (
    InstigatorOrigin,
    InstigatorState,
    InstigatorTick,
    InstigatorType,
    TickData,
    TickStatus,
)
from runrack_cron.tick_settings import TickSettings
from runrack_cron.tick_work import TickWork

_LOGGER = logging.getLogger("runrack.cron")

InfoT = TypeVar("InfoT", bound=ScheduleInfo | SensorInfo)


@dataclass(frozen=True)
class Instigator(Generic[InfoT]):
    """A schedule or sensor of a loaded code location, and what is stored of it."""

    origin: InstigatorOrigin
    info: InfoT
    location: CodeLocation
    state: InstigatorState | None = None
    last_tick: InstigatorTick | None = None


class InstigatorLoop(DaemonLoop, Generic[InfoT]):
    """Takes over ticks whose daemon died, then makes those that are due; several instigators at the same time.

    Args:
        settings: How ticks are worked on.
    """

    instigator_type: InstigatorType

    def __init__(self, settings: TickSettings) -> None:
        self._settings = settings

    @property
    @override
    def interval_seconds(self) -> float:
        return 1.0

    @override
    def run_once(self, context: DaemonContext) -> None:
        work = TickWork(context, self._settings)
        found = {each.origin.selector_id: each for each in self._load(context)}
        if not found:
            return
        stored = work.storage.all_instigator_state(instigator_type=self.instigator_type)
        states = {state.selector_id: state for state in stored if state.selector_id in found}
        running = {
            selector_id: replace(each, state=states.get(selector_id))
            for selector_id, each in found.items()
            if self._is_running(states.get(selector_id), each.info)
        }
        tasks = [*self._abandoned(context, work, found, states), *self._due(context, work, running)]
        self._do_all(context, tasks)

    @abstractmethod
    def _infos(self, contents: LocationContents) -> Iterable[InfoT]:
        """Return what the loop looks after in a location."""

    @abstractmethod
    def _is_running(self, state: InstigatorState | None, info: InfoT) -> bool:
        """Tell whether an instigator runs."""

    @abstractmethod
    def _make_due_ticks(self, context: DaemonContext, work: TickWork, each: Instigator[InfoT]) -> None:
        """Claim the ticks of a running instigator that are due, and work on them."""

    @abstractmethod
    def _resume(
        self, context: DaemonContext, work: TickWork, each: Instigator[InfoT], tick: InstigatorTick
    ) -> None:
        """Work on a tick whose daemon died."""

    def _load(self, context: DaemonContext) -> Iterator[Instigator[InfoT]]:
        """Yield what the loaded locations hold; one that cannot be loaded now is left out."""
        if context.workspace is None:
            return
        for name in context.workspace.location_names:
            location = context.workspace.get_location(name)
            try:
                contents = location.get_contents()
            except LocationUnavailableError:
                continue  # the workspace shows why
            for info in self._infos(contents):
                yield Instigator(InstigatorOrigin(name, info.name), info, location)

    def _abandoned(
        self,
        context: DaemonContext,
        work: TickWork,
        found: Mapping[str, Instigator[InfoT]],
        states: Mapping[str, InstigatorState],
    ) -> Iterator[Callable[[], None]]:
        for tick in work.storage.list_expired_ticks(limit=1000):
            selector_id = tick.tick_data.selector_id
            if selector_id in found and tick.tick_data.instigator_type is self.instigator_type:
                each = replace(found[selector_id], state=states.get(selector_id))
                yield partial(self._take_over, context, work, each, tick)

    def _due(
        self, context: DaemonContext, work: TickWork, running: Mapping[str, Instigator[InfoT]]
    ) -> Iterator[Callable[[], None]]:
        newest = work.storage.get_batch_ticks(list(running), limit=1) if running else {}
        for selector_id, each in running.items():
            ticks = newest.get(selector_id, ())
            ready = replace(each, last_tick=ticks[0] if ticks else None)
            yield partial(self._make_due_ticks, context, work, ready)

    def _take_over(
        self, context: DaemonContext, work: TickWork, each: Instigator[InfoT], tick: InstigatorTick
    ) -> None:
        taken = work.take_over(tick)
        if taken is not None:
            self._resume(context, work, each, taken)

    def _do_all(self, context: DaemonContext, tasks: list[Callable[[], None]]) -> None:
        """Do all tasks, several at the same time; one that fails keeps no other from being done.

        Raises:
            Exception: What the first that failed raised.
        """
        if not tasks:
            return
        with ThreadPoolExecutor(min(self._settings.workers, len(tasks)), "tick") as pool:
            futures = [pool.submit(_unless_stopping, context, task) for task in tasks]
        errors = [error for error in map(Future.exception, futures) if error is not None]
        for error in errors[1:]:
            _LOGGER.error("a tick could not be worked on", exc_info=error)
        if errors:
            raise errors[0]


def _unless_stopping(context: DaemonContext, task: Callable[[], None]) -> None:
    if not context.is_stopping:
        task()
        context.report_progress()


def new_tick(origin: InstigatorOrigin, instigator_type: InstigatorType, timestamp: float) -> TickData:
    """Return the data of a tick that begins."""
    return TickData(
        instigator_origin_id=origin.origin_id,
        instigator_name=origin.instigator_name,
        instigator_type=instigator_type,
        status=TickStatus.STARTED,
        timestamp=timestamp,
        selector_id=origin.selector_id,
    )
