"""Keeps events and ticks as long as `runrack.yaml` says, and no longer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.interfaces.retention import EventKind, Pruned, RetentionPolicy, SupportsRetention
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.interfaces.storage import Storage


class Retention:
    """Removes what is older than a policy allows.

    Args:
        storage: The storages of the instance.
        policy: How long things are kept.
    """

    def __init__(self, storage: Storage, policy: RetentionPolicy) -> None:
        self._policy = policy
        self._events = _event_storage(storage)
        self._schedules: ScheduleStorage = storage.schedule_storage

    @property
    def can_prune_events(self) -> bool:
        """Whether the storage of the events can remove old ones."""
        return isinstance(self._events, SupportsRetention)

    def prune(self, now: datetime, *, dry_run: bool = False) -> Iterator[Pruned]:
        """Remove what is too old: ticks at once, then events in steps, after each of which the caller may stop.

        Args:
            now: What the age is counted to.
            dry_run: Only count events, and leave ticks.
        """
        if not dry_run:
            self._prune_ticks(now)
        if isinstance(self._events, SupportsRetention):
            yield from self._events.prune_events(self._policy.events, now, dry_run=dry_run)

    def run_once(self, deadline: datetime) -> Mapping[EventKind, int]:
        """Remove what is too old until it is gone or `deadline` has come, and return how many events of each kind."""
        removed: Counter[EventKind] = Counter()
        for step in self.prune(datetime.now(UTC)):
            removed[step.what] += step.count
            if datetime.now(UTC) >= deadline:
                break
        return removed

    def _prune_ticks(self, now: datetime) -> None:
        for state in self._schedules.all_instigator_state():
            for status, time in self._policy.ticks[state.instigator_type].items():
                self._schedules.purge_ticks(state.selector_id, (now - time).timestamp(), [status])


def _event_storage(storage: Storage) -> Storage | EventLogStorage:
    return storage if isinstance(storage, SupportsRetention) else storage.event_log_storage
