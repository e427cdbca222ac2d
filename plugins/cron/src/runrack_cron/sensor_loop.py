"""SensorLoop: asks sensors again and again."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace
from typing_extensions import override

from runrack.interfaces.daemon_loop import DaemonContext
from runrack.interfaces.scheduler import is_running, store_state
from runrack.interfaces.workspace import LocationContents, SensorInfo, TickRequest, TickResult
from runrack.records.tick import (
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    InstigatorType,
    SensorInstigatorData,
    TickStatus,
)
from runrack_cron.instance_address import address_of
from runrack_cron.instigator_loop import Instigator, InstigatorLoop, new_tick
from runrack_cron.tick_work import TickWork


class SensorLoop(InstigatorLoop[SensorInfo]):
    """Asks each sensor once its interval is over, one daemon at a time, and keeps its cursor."""

    instigator_type = InstigatorType.SENSOR

    @property
    @override
    def name(self) -> str:
        return "sensors"

    @override
    def _infos(self, contents: LocationContents) -> Iterable[SensorInfo]:
        return contents.sensors

    @override
    def _is_running(self, state: InstigatorState | None, info: SensorInfo) -> bool:
        return is_running(state, info.default_status)

    @override
    def _make_due_ticks(self, context: DaemonContext, work: TickWork, each: Instigator[SensorInfo]) -> None:
        last, now = each.last_tick, self._settings.now()
        if last is not None:
            is_early = now < last.timestamp + each.info.minimum_interval_seconds
            if is_early or last.status is TickStatus.STARTED:
                return
            now = max(now, last.timestamp)
        # The tick after the same one is the same to all daemons.
        key = f"{each.origin.selector_id}>{0 if last is None else last.tick_id}"
        tick = work.claim(new_tick(each.origin, self.instigator_type, now), key)
        if tick is not None:
            self._resume(context, work, each, tick)

    @override
    def _resume(
        self, context: DaemonContext, work: TickWork, each: Instigator[SensorInfo], tick: InstigatorTick
    ) -> None:
        stored = work.storage.get_instigator_state(each.origin.selector_id)
        data = stored.instigator_data if stored is not None else None
        memory = data if isinstance(data, SensorInstigatorData) else SensorInstigatorData()
        request = TickRequest(
            instigator_type=self.instigator_type,
            instigator_name=each.info.name,
            timestamp=tick.timestamp,
            cursor=memory.cursor,
            last_run_key=memory.last_run_key,
            last_tick_timestamp=memory.last_tick_timestamp,
            instance_ref=address_of(context.instance),
        )
        work.work_on(tick, each.location, request, lambda result: self._remember(work, each, tick, result))

    def _remember(
        self, work: TickWork, each: Instigator[SensorInfo], tick: InstigatorTick, result: TickResult
    ) -> None:
        """Keep the cursor, the last run key and the time of a tick."""
        # A sensor of run statuses goes on behind the run about which it failed; others are asked the same again.
        keeps_cursor = result.error is None or each.info.is_of_run_status
        cursor = result.cursor if keeps_cursor else None
        keys = [request.run_key for request in result.run_requests if request.run_key is not None]

        def changed(data: SensorInstigatorData) -> SensorInstigatorData:
            return SensorInstigatorData(
                last_tick_timestamp=tick.timestamp,
                last_run_key=keys[-1] if keys else data.last_run_key,
                min_interval=each.info.minimum_interval_seconds,
                cursor=data.cursor if cursor is None else cursor,
            )

        def remember(stored: InstigatorState) -> InstigatorState:
            data = stored.instigator_data
            known = data if isinstance(data, SensorInstigatorData) else SensorInstigatorData()
            return replace(stored, instigator_data=changed(known))

        new = InstigatorState(
            each.origin,
            self.instigator_type,
            InstigatorStatus.DECLARED_IN_CODE,
            changed(SensorInstigatorData()),
        )
        store_state(work.storage, new, remember)
