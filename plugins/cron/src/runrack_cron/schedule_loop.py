"""ScheduleLoop: makes the ticks of schedules at their times."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace
from typing_extensions import override

from runrack.interfaces.daemon_loop import DaemonContext
from runrack.interfaces.scheduler import is_running, store_state
from runrack.interfaces.workspace import LocationContents, ScheduleInfo, TickRequest
from runrack.records.tick import (
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    InstigatorType,
    ScheduleInstigatorData,
)
from runrack_cron.due_ticks import find_due_ticks, moment
from runrack_cron.instance_address import address_of
from runrack_cron.instigator_loop import Instigator, InstigatorLoop, new_tick
from runrack_cron.tick_settings import TickSettings
from runrack_cron.tick_work import TickWork

_NOTE_SECONDS = 3600.0
"""How often a schedule notes how far it got, so that the removal of old ticks does not make it begin anew."""


class ScheduleLoop(InstigatorLoop[ScheduleInfo]):
    """Claims each tick that is due, in their order, and works on it.

    A schedule begins with the first tick after it was started, first seen, or its cron expressions were changed; then each
    is due after the last one that is stored.

    Args:
        settings: How ticks are worked on.
        max_catchup_runs: How many missed ticks are made up for, where the schedule says "all".
    """

    instigator_type = InstigatorType.SCHEDULE

    def __init__(self, settings: TickSettings, max_catchup_runs: int) -> None:
        super().__init__(settings)
        self._max_catchup_runs = max_catchup_runs

    @property
    @override
    def name(self) -> str:
        return "schedules"

    @override
    def _infos(self, contents: LocationContents) -> Iterable[ScheduleInfo]:
        return contents.schedules

    @override
    def _is_running(self, state: InstigatorState | None, info: ScheduleInfo) -> bool:
        return is_running(state, info.default_status)

    @override
    def _make_due_ticks(self, context: DaemonContext, work: TickWork, each: Instigator[ScheduleInfo]) -> None:
        started = self._started(work, each)
        after = [
            moment(seconds)
            for seconds in (started.start_timestamp, started.last_iteration_timestamp)
            if seconds
        ]
        if each.last_tick is not None:
            after.append(moment(each.last_tick.timestamp))
        now = moment(self._settings.now())
        for due in find_due_ticks(each.info, max(after, default=now), now, self._max_catchup_runs):
            if context.is_stopping:
                return
            timestamp = due.timestamp()
            key = f"{each.origin.selector_id}@{timestamp:.0f}"
            tick = work.claim(new_tick(each.origin, self.instigator_type, timestamp), key)
            if tick is not None:
                self._resume(context, work, each, tick)

    @override
    def _resume(
        self, context: DaemonContext, work: TickWork, each: Instigator[ScheduleInfo], tick: InstigatorTick
    ) -> None:
        request = TickRequest(
            instigator_type=self.instigator_type,
            instigator_name=each.info.name,
            timestamp=tick.timestamp,
            instance_ref=address_of(context.instance),
        )
        work.work_on(tick, each.location, request)
        data = None if each.state is None else each.state.instigator_data
        noted = data.last_iteration_timestamp if isinstance(data, ScheduleInstigatorData) else None
        if tick.timestamp - (noted or 0) > _NOTE_SECONDS:
            self._note_progress(work, each, tick.timestamp)

    def _started(self, work: TickWork, each: Instigator[ScheduleInfo]) -> ScheduleInstigatorData:
        """Return since when the schedule runs as it is now; from now on when it is new or was changed."""
        data = None if each.state is None else each.state.instigator_data
        if isinstance(data, ScheduleInstigatorData) and _is_current(data, each.info):
            return data
        fresh = ScheduleInstigatorData(
            each.info.cron_schedule, self._settings.now(), execution_timezone=each.info.execution_timezone
        )
        new = InstigatorState(each.origin, self.instigator_type, InstigatorStatus.DECLARED_IN_CODE, fresh)

        def begin(stored: InstigatorState) -> InstigatorState:
            held = stored.instigator_data
            is_done = isinstance(held, ScheduleInstigatorData) and _is_current(held, each.info)
            return stored if is_done else replace(stored, instigator_data=fresh)

        stored = store_state(work.storage, new, begin).instigator_data
        return stored if isinstance(stored, ScheduleInstigatorData) else fresh

    def _note_progress(self, work: TickWork, each: Instigator[ScheduleInfo], timestamp: float) -> None:
        def note(stored: InstigatorState) -> InstigatorState:
            data = stored.instigator_data
            if (
                not isinstance(data, ScheduleInstigatorData)
                or (data.last_iteration_timestamp or 0) >= timestamp
            ):
                return stored
            return replace(stored, instigator_data=replace(data, last_iteration_timestamp=timestamp))

        if each.state is not None:
            work.storage.change_instigator_state(each.state.selector_id, note)


def _is_current(data: ScheduleInstigatorData, info: ScheduleInfo) -> bool:
    """Tell whether a schedule was started with the expressions that its code has now."""
    stored = (data.cron_schedule,) if isinstance(data.cron_schedule, str) else tuple(data.cron_schedule)
    is_same = (stored, data.execution_timezone) == (tuple(info.cron_schedule), info.execution_timezone)
    return is_same and data.start_timestamp is not None
