"""Removes old entries from a journal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from runrack.interfaces.retention import EVENT_TYPES_OF_KIND, MESSAGE_KINDS, EventKind, Pruned
from runrack.records.event import EventLogRecord
from runrack_memory.journal import Journal

STEP_EVENTS = 200


def prune_events(
    journal: Journal, kept: Mapping[EventKind, timedelta], now: datetime, *, dry_run: bool
) -> Iterator[Pruned]:
    """As `SupportsRetention.prune_events`."""
    for kind, age in kept.items():
        doomed = _expired(journal, kind, (now - age).timestamp())
        for first in range(0, len(doomed), STEP_EVENTS):
            step = doomed[first : first + STEP_EVENTS]
            if not dry_run:
                journal.remove(step)
            yield Pruned(kind, len(step), step[-1], journal.last_id)


def _expired(journal: Journal, kind: EventKind, before: float) -> Sequence[int]:
    records = journal.list_records()
    newest = set({place: record.storage_id for record in records for place in _places(record)}.values())
    return [
        record.storage_id
        for record in records
        if record.timestamp < before and _is_of_kind(record, kind) and record.storage_id not in newest
    ]


def _is_of_kind(record: EventLogRecord, kind: EventKind) -> bool:
    entry = record.event_log_entry
    if entry.event_type is None:
        return kind in MESSAGE_KINDS and entry.level in MESSAGE_KINDS[kind]
    return entry.event_type in EVENT_TYPES_OF_KIND.get(kind, ())


def _places(record: EventLogRecord) -> Iterator[object]:
    """Yield what an event of an asset may be the newest one of: of the asset, and of the partition."""
    if record.asset_key is not None:
        yield record.asset_key, record.event_type
        yield record.asset_key, record.event_type, record.partition_key
