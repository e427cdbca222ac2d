"""Which queued runs could not begin, because every concurrency key that their first steps need is taken."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from runrack.records.run_queue import TagLimit
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.records.tags import FIRST_CONCURRENCY_KEYS

if TYPE_CHECKING:
    from runrack.interfaces.concurrency_slots import ConcurrencySlots
    from runrack.interfaces.part import InstanceServices

_RUNNING = (RunStatus.STARTED, RunStatus.CANCELING)


def find_runs_without_slots(instance: InstanceServices, buffer: int) -> Iterator[TagLimit]:
    """Yield what keeps those runs waiting that would only wait for slots while they are in progress.

    A run that is STARTED has what slots it holds; so many more may go as there are free slots, and `buffer`.
    """
    limited = instance.event_log_storage.get_concurrency_keys()
    if not limited:
        return
    for _, values in instance.run_storage.get_run_tags([FIRST_CONCURRENCY_KEYS]):
        for value in sorted(values):
            keys = _parse_keys(value)
            if not keys or not limited.issuperset(keys):
                continue
            running = RunsFilter(statuses=_RUNNING, tags={FIRST_CONCURRENCY_KEYS: value})
            may_go = _count_free(instance.event_log_storage, keys) + buffer
            limit = instance.run_storage.get_runs_count(running) + may_go
            reason = f"no free slot of the concurrency key {' or '.join(map(repr, keys))}"
            yield TagLimit(FIRST_CONCURRENCY_KEYS, limit, value, reason=reason)


def _parse_keys(value: str) -> Sequence[str]:
    """Return the keys that the value of the tag names; none for a value that somebody else has written."""
    try:
        return msgspec.json.decode(value, type=list[str])
    except msgspec.DecodeError:
        return []


def _count_free(slots: ConcurrencySlots, keys: Collection[str]) -> int:
    """Return how many slots of these keys nobody holds or waits for."""
    infos = [slots.get_concurrency_info(key) for key in keys]
    return sum(max(0, info.slot_count - len(info.claimed) - len(info.pending)) for info in infos)
