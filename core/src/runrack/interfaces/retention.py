"""How long events and ticks are kept, and what a storage does about it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from runrack.records.event_type import STATUS_AFTER, EventType
from runrack.records.record import Record
from runrack.records.tick import InstigatorType, TickStatus


class EventKind(StrEnum):
    """What is kept for the same time. The value is what `runrack.yaml` calls it."""

    DEBUG_MESSAGES = "debug_messages"
    INFO_MESSAGES = "info_messages"
    WARNING_MESSAGES = "warning_messages"
    ERROR_MESSAGES = "error_messages"
    STEP_EVENTS = "step_events"
    ENGINE_EVENTS = "engine_events"
    ASSET_MATERIALIZATIONS = "asset_materializations"
    ASSET_OBSERVATIONS = "asset_observations"
    RUN_STATUS_EVENTS = "run_status_events"


MESSAGE_KINDS = {
    EventKind.DEBUG_MESSAGES: range(20),
    EventKind.INFO_MESSAGES: range(20, 30),
    EventKind.WARNING_MESSAGES: range(30, 40),
    EventKind.ERROR_MESSAGES: range(40, 2**31),
}
"""The kinds of plain messages to their levels."""

_STEP_TYPES = frozenset(
    event_type
    for event_type in EventType
    if event_type.name.startswith("STEP_") and "WORKER" not in event_type.name
) | {EventType.HANDLED_OUTPUT, EventType.LOADED_INPUT}

EVENT_TYPES_OF_KIND: Mapping[EventKind, frozenset[EventType]] = {
    EventKind.STEP_EVENTS: _STEP_TYPES,
    EventKind.ENGINE_EVENTS: frozenset(
        {
            EventType.ENGINE_EVENT,
            EventType.STEP_WORKER_STARTING,
            EventType.STEP_WORKER_STARTED,
            EventType.RESOURCE_INIT_STARTED,
            EventType.RESOURCE_INIT_SUCCESS,
            EventType.RESOURCE_INIT_FAILURE,
            EventType.HOOK_COMPLETED,
            EventType.HOOK_ERRORED,
            EventType.HOOK_SKIPPED,
            EventType.LOGS_CAPTURED,
        }
    ),
    EventKind.ASSET_MATERIALIZATIONS: frozenset(
        {EventType.ASSET_MATERIALIZATION, EventType.ASSET_MATERIALIZATION_PLANNED}
    ),
    EventKind.ASSET_OBSERVATIONS: frozenset({EventType.ASSET_OBSERVATION}),
    EventKind.RUN_STATUS_EVENTS: frozenset(STATUS_AFTER),
}
"""The other kinds to the types of their events. A type that is in none, such as the wipe of an asset, is kept for good."""


class RetentionPolicy(Record, frozen=True):
    """How long things are kept. What is missing is kept for good.

    Attributes:
        events: Kind of event to the time that events of it are kept.
        ticks: Type of instigator to status to the time that ticks with it are kept.
    """

    events: Mapping[EventKind, timedelta]
    ticks: Mapping[InstigatorType, Mapping[TickStatus, timedelta]]


class Pruned(Record, frozen=True):
    """What one step of a pruning removed.

    Attributes:
        what: The kind of event.
        count: How many were removed.
        reached: Up to where the log was looked through, as a storage id.
        end: The newest storage id.
    """

    what: EventKind
    count: int
    reached: int
    end: int


@runtime_checkable
class SupportsRetention(Protocol):
    """A storage that can remove old events."""

    def prune_events(
        self, kept: Mapping[EventKind, timedelta], now: datetime, *, dry_run: bool = False
    ) -> Iterator[Pruned]:
        """Remove the events that are older than the time for their kind, in steps.

        - Each step is a short transaction of its own. Who stops between two has removed what was yielded; the next call
          goes on there.
        - Only the log gets shorter. What follows from it stays: the status of runs, the catalog and the latest state of
          assets. The newest event of each asset, and of each of its partitions, stays too.
        - An event whose time lies in the future is kept for good.

        Args:
            kept: Kind of event to the time that it is kept; other kinds are kept for good.
            now: What the age is counted to.
            dry_run: Only count.
        """
        ...
