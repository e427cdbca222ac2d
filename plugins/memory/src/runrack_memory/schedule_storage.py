"""MemoryScheduleStorage: keeps the states of instigators and their ticks in dicts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from threading import RLock
from typing import NamedTuple

from typing_extensions import override

from runrack.errors import AlreadyExistsError, NotFoundError
from runrack.host.configurable import ConfigurableClassData
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.records.codec import decode_instigator_state, decode_tick, encode
from runrack.records.run_claim import check_lease
from runrack.records.tick import (
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    InstigatorType,
    TickData,
    TickStatus,
    check_tick_key,
)
from runrack_memory.configurable import MemoryConfigurable
from runrack_memory.limit import checked_limit


class _Lease(NamedTuple):
    owner: str
    expires: float


class MemoryScheduleStorage(MemoryConfigurable, ScheduleStorage):
    """Keeps instigator states and ticks in memory."""

    def __init__(self, inst_data: ConfigurableClassData | None = None, lock: RLock | None = None) -> None:
        super().__init__(inst_data)
        self._lock = lock or RLock()
        self._states: dict[str, InstigatorState] = {}
        self._ticks: dict[int, InstigatorTick] = {}
        self._last_tick_id = 0
        self._keys: dict[str, int] = {}
        self._leases: dict[int, _Lease] = {}

    @override
    def all_instigator_state(
        self,
        repository_selector_id: str | None = None,
        instigator_type: InstigatorType | None = None,
        instigator_statuses: Collection[InstigatorStatus] | None = None,
    ) -> Sequence[InstigatorState]:
        with self._lock:
            return [
                state
                for state in self._states.values()
                if repository_selector_id in {None, state.origin.repository_selector_id}
                and instigator_type in {None, state.instigator_type}
                and (not instigator_statuses or state.status in instigator_statuses)
            ]

    @override
    def get_instigator_state(self, selector_id: str) -> InstigatorState | None:
        return self._states.get(selector_id)

    @override
    def add_instigator_state(self, state: InstigatorState) -> InstigatorState:
        with self._lock:
            if state.selector_id in self._states:
                raise AlreadyExistsError(
                    f"a state of {state.origin.instigator_name!r} is stored already: update it instead"
                )
            self._states[state.selector_id] = decode_instigator_state(encode(state))
        return state

    @override
    def update_instigator_state(self, state: InstigatorState) -> InstigatorState:
        with self._lock:
            if state.selector_id not in self._states:
                raise NotFoundError(f"no state of {state.origin.instigator_name!r} is stored: add it instead")
            self._states[state.selector_id] = decode_instigator_state(encode(state))
        return state

    @override
    def change_instigator_state(
        self, selector_id: str, change: Callable[[InstigatorState], InstigatorState]
    ) -> InstigatorState:
        with self._lock:
            if selector_id not in self._states:
                raise NotFoundError(f"no instigator state with selector id {selector_id!r} is stored")
            return self.update_instigator_state(change(self._states[selector_id]))

    @override
    def delete_instigator_state(self, selector_id: str) -> None:
        with self._lock:
            if selector_id not in self._states:
                raise NotFoundError(f"no instigator state with selector id {selector_id!r} is stored")
            del self._states[selector_id]

    @override
    def create_tick(self, tick_data: TickData) -> InstigatorTick:
        with self._lock:
            self._last_tick_id += 1
            tick = InstigatorTick(self._last_tick_id, decode_tick(encode(tick_data)))
            self._ticks[tick.tick_id] = tick
        return tick

    @override
    def update_tick(self, tick: InstigatorTick) -> InstigatorTick:
        with self._lock:
            if tick.tick_id not in self._ticks:
                raise NotFoundError(f"no tick with id {tick.tick_id} is stored")
            self._ticks[tick.tick_id] = InstigatorTick(tick.tick_id, decode_tick(encode(tick.tick_data)))
            if tick.status is not TickStatus.STARTED:
                self._leases.pop(tick.tick_id, None)
        return tick

    @override
    def get_ticks(
        self,
        selector_ids: Collection[str] | None = None,
        before: float | None = None,
        after: float | None = None,
        limit: int | None = None,
        statuses: Collection[TickStatus] | None = None,
        tick_ids: Collection[int] | None = None,
    ) -> Sequence[InstigatorTick]:
        checked_limit(limit)
        with self._lock:
            found = [
                tick
                for tick in self._ticks.values()
                if (selector_ids is None or tick.tick_data.selector_id in selector_ids)
                and (before is None or tick.timestamp < before)
                and (after is None or tick.timestamp > after)
                and (not statuses or tick.status in statuses)
                and (tick_ids is None or tick.tick_id in tick_ids)
            ]
        found.sort(key=lambda tick: (tick.timestamp, tick.tick_id), reverse=True)
        if limit is None or selector_ids is None:
            return found[:limit]
        return list(_first_of_each_selector(found, limit))

    @override
    def purge_ticks(
        self, selector_id: str, before: float, tick_statuses: Collection[TickStatus] | None = None
    ) -> None:
        with self._lock:
            doomed = self.get_ticks([selector_id], before=before, statuses=tick_statuses)
            for tick in doomed:
                del self._ticks[tick.tick_id]
            self._forget_claims({tick.tick_id for tick in doomed})

    @override
    def wipe(self) -> None:
        with self._lock:
            self._states.clear()
            self._ticks.clear()
            self._leases.clear()
            self._keys.clear()

    @override
    def claim_tick(
        self, tick_data: TickData, key: str, owner: str, lease_seconds: float
    ) -> InstigatorTick | None:
        check_tick_key(key)
        check_lease(owner, lease_seconds)
        with self._lock:
            if key in self._keys:
                return None
            tick = self.create_tick(tick_data)
            self._keys[key] = tick.tick_id
            self._leases[tick.tick_id] = _Lease(owner, time.monotonic() + lease_seconds)
        return tick

    @override
    def renew_tick(self, tick_id: int, owner: str, lease_seconds: float) -> bool:
        check_lease(owner, lease_seconds)
        with self._lock:
            lease = self._leases.get(tick_id)
            if lease is None or lease.owner != owner:
                return False
            self._leases[tick_id] = _Lease(owner, time.monotonic() + lease_seconds)
        return True

    @override
    def list_expired_ticks(self, limit: int = 100) -> Sequence[InstigatorTick]:
        checked_limit(limit)
        with self._lock:
            now = time.monotonic()
            dead = [tick_id for tick_id, lease in self._leases.items() if lease.expires <= now]
            dead.sort(key=lambda tick_id: (self._leases[tick_id].expires, tick_id))
            return [self._ticks[tick_id] for tick_id in dead[:limit]]

    @override
    def take_over_tick(self, tick_id: int, owner: str, lease_seconds: float) -> InstigatorTick | None:
        check_lease(owner, lease_seconds)
        with self._lock:
            lease = self._leases.get(tick_id)
            if lease is None or lease.expires > time.monotonic():
                return None
            self._leases[tick_id] = _Lease(owner, time.monotonic() + lease_seconds)
            return self._ticks[tick_id]

    def _forget_claims(self, tick_ids: Collection[int]) -> None:
        self._keys = {key: tick_id for key, tick_id in self._keys.items() if tick_id not in tick_ids}
        self._leases = {tick_id: lease for tick_id, lease in self._leases.items() if tick_id not in tick_ids}


def _first_of_each_selector(ticks: Sequence[InstigatorTick], limit: int) -> Iterator[InstigatorTick]:
    taken: Counter[str] = Counter()
    for tick in ticks:
        if taken[tick.tick_data.selector_id] < limit:
            taken[tick.tick_data.selector_id] += 1
            yield tick
