"""`retention` of `runrack.yaml`: how long events and ticks are kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from runrack.config.vocabulary import Field, Int, Shape, Union
from runrack.errors import InvalidArgumentError
from runrack.interfaces.retention import EventKind, RetentionPolicy
from runrack.records.tick import InstigatorType, TickStatus

FOR_GOOD = -1
_DAYS = Int(minimum=FOR_GOOD, maximum=36_500)
"""A hundred years at most: a day that far back must still be a date."""

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
            _DAYS,
            Shape({status.value.lower(): Field(_DAYS, is_required=False) for status in TickStatus}),
        )
    },
    is_required=False,
    description="After how many days ticks are removed, for all or by status; -1 keeps them",
)

RETENTION_FIELD = Field(
    {
        "events": Field(
            {kind.value: Field(_DAYS, is_required=False) for kind in EventKind},
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


def _tick_days(kind: InstigatorType, settings: Mapping[str, Any]) -> Mapping[TickStatus, int]:
    given = settings.get("purge_after_days", {})
    if isinstance(given, int):
        return dict.fromkeys(TickStatus, given)
    return {status: given.get(status.value.lower(), days) for status, days in _TICK_DAYS[kind].items()}


def _times(days_of: Mapping[Any, int]) -> dict[Any, timedelta]:
    if any(days < FOR_GOOD for days in days_of.values()):
        raise InvalidArgumentError("retention: a number of days is 0 or more, or -1 to keep things for good")
    return {key: timedelta(days=days) for key, days in days_of.items() if days != FOR_GOOD}
