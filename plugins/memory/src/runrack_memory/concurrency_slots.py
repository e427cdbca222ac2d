"""MemoryConcurrencySlots: hands out slots, highest priority first."""

from collections import defaultdict
from collections.abc import Callable
from threading import RLock

from typing_extensions import override

from runrack.errors import InvalidArgumentError
from runrack.interfaces.concurrency_slots import MAX_CONCURRENCY_SLOTS, ConcurrencySlots
from runrack.records.concurrency import (
    ConcurrencyClaimStatus,
    ConcurrencyKeyInfo,
    ConcurrencySlotStatus,
    SlotHolder,
)


class _Pool:
    """Who holds one key and who waits for it."""

    def __init__(self) -> None:
        self.slot_count = 0
        self.has_limit = False
        self.claimed: list[SlotHolder] = []
        self.pending: list[SlotHolder] = []

    def add(self, holder: SlotHolder) -> None:
        if not any(_is_step(known, holder.run_id, holder.step_key) for known in self.members()):
            self.pending.append(holder)
            self.pending.sort(key=lambda waiting: -waiting.priority)

    def remove(self, leaves: Callable[[SlotHolder], bool]) -> None:
        self.claimed = [holder for holder in self.claimed if not leaves(holder)]
        self.pending = [holder for holder in self.pending if not leaves(holder)]

    def serve(self) -> None:
        while self.pending and len(self.claimed) < self.slot_count:
            self.claimed.append(self.pending.pop(0))

    def members(self) -> list[SlotHolder]:
        return self.claimed + self.pending


class MemoryConcurrencySlots(ConcurrencySlots):
    """Hands out slots from memory."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._pools: dict[str, _Pool] = defaultdict(_Pool)

    @override
    def set_concurrency_slots(self, concurrency_key: str, slot_count: int) -> None:
        if not 0 <= slot_count <= MAX_CONCURRENCY_SLOTS:
            raise InvalidArgumentError(f"a key has between 0 and {MAX_CONCURRENCY_SLOTS} slots")
        with self._lock:
            pool = self._pools[concurrency_key]
            pool.slot_count, pool.has_limit = slot_count, True
            pool.serve()

    @override
    def delete_concurrency_limit(self, concurrency_key: str) -> None:
        with self._lock:
            self._pools.pop(concurrency_key, None)

    @override
    def get_concurrency_keys(self) -> set[str]:
        with self._lock:
            return {key for key, pool in self._pools.items() if pool.has_limit}

    @override
    def get_concurrency_info(self, concurrency_key: str) -> ConcurrencyKeyInfo:
        with self._lock:
            pool = self._pools.get(concurrency_key, _Pool())
            return ConcurrencyKeyInfo(
                concurrency_key, pool.slot_count, tuple(pool.claimed), tuple(pool.pending)
            )

    @override
    def claim_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str, priority: int = 0
    ) -> ConcurrencyClaimStatus:
        with self._lock:
            pool = self._pools[concurrency_key]
            pool.add(SlotHolder(run_id, step_key, priority))
            pool.serve()
            return self.check_concurrency_claim(concurrency_key, run_id, step_key)

    @override
    def check_concurrency_claim(
        self, concurrency_key: str, run_id: str, step_key: str
    ) -> ConcurrencyClaimStatus:
        claimed = self.get_concurrency_info(concurrency_key).claimed
        is_held = any(_is_step(holder, run_id, step_key) for holder in claimed)
        status = ConcurrencySlotStatus.CLAIMED if is_held else ConcurrencySlotStatus.BLOCKED
        return ConcurrencyClaimStatus(concurrency_key, status)

    @override
    def get_concurrency_run_ids(self) -> set[str]:
        with self._lock:
            return {holder.run_id for pool in self._pools.values() for holder in pool.members()}

    @override
    def free_concurrency_slots_for_run(self, run_id: str) -> None:
        self._free(lambda holder: holder.run_id == run_id)

    @override
    def free_concurrency_slot_for_step(self, run_id: str, step_key: str) -> None:
        self._free(lambda holder: _is_step(holder, run_id, step_key))

    def clear_concurrency_slots(self) -> None:
        """Forget all keys and who holds or awaits them."""
        with self._lock:
            self._pools.clear()

    def _free(self, leaves: Callable[[SlotHolder], bool]) -> None:
        with self._lock:
            for pool in self._pools.values():
                pool.remove(leaves)
                pool.serve()


def _is_step(holder: SlotHolder, run_id: str, step_key: str) -> bool:
    return (holder.run_id, holder.step_key) == (run_id, step_key)
