"""Keeps events and ticks as long as `runrack.yaml` says, and no longer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from runrack.config.vocabulary import Field, Shape, Union
from runrack.errors import InvalidArgumentError
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.interfaces.retention import EventKind, Pruned, RetentionPolicy, SupportsRetention
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.interfaces.storage import Storage
from runrack.records.tick import InstigatorType, TickStatus

FOR_GOOD = -1

_EVENT_DAYS = {kind: 7 if kind is EventKind.DEBUG_MESSAGES else FOR_GOOD for kind in EventKind}
"""For how many days events are kept that the file says nothing about."""

_TICK_DAYS = {
    InstigatorType.SCHEDULE: dict.fromkeys(TickStatus, FOR_GOOD),
    InstigatorType.SENSOR: {**dict.fromkeys(TickStatus, FOR_GOOD), TickStatus.SKIPPED: 7},
}
"""The same for ticks."""

_TICKS = Field(
    {
        "purge_after_days": Union(
            int,
            Shape({status.value.lower(): Field(int, is_required=False) for status in TickStatus}),
        )
    },
    is_required=False,
    description="After how many days ticks are removed, for all or by status; -1 keeps them",
)

RETENTION_FIELD = Field(
    {
        "events": Field(
            {kind.value: Field(int, is_required=False) for kind in EventKind},
            is_required=False,
            description="After how many days events are removed, by kind; -1 keeps them",
        ),
        "schedule": _TICKS,
        "sensor": _TICKS,
    },
    is_required=False,
    description="How long events and ticks are kept",
)


def policy_from_settings(settings: Mapping[str, Any]) -> RetentionPolicy:
    """Return the policy that the key `retention` of `runrack.yaml` describes, with the defaults.

    Raises:
        InvalidArgumentError: A number of days is below -1.
    """
    given = settings.get("events", {})
    days_of_events = {kind: given.get(kind.value, days) for kind, days in _EVENT_DAYS.items()}
    return RetentionPolicy(
        events=_times(days_of_events),
        ticks={
            kind: _times(_tick_days(kind, settings.get(kind.value.lower(), {}))) for kind in InstigatorType
        },
    )


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


def _tick_days(kind: InstigatorType, settings: Mapping[str, Any]) -> Mapping[TickStatus, int]:
    given = settings.get("purge_after_days", {})
    if isinstance(given, int):
        return dict.fromkeys(TickStatus, given)
    return {status: given.get(status.value.lower(), days) for status, days in _TICK_DAYS[kind].items()}


def _times(days_of: Mapping[Any, int]) -> dict[Any, timedelta]:
    if any(days < FOR_GOOD for days in days_of.values()):
        raise InvalidArgumentError("retention: a number of days is 0 or more, or -1 to keep things for good")
    return {key: timedelta(days=days) for key, days in days_of.items() if days != FOR_GOOD}
