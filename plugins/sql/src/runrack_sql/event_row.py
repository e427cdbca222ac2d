"""Log entries as rows, and back."""

from typing import Any

from runrack.errors import RecordDecodeError
from runrack.records.asset_key import AssetKey
from runrack.records.codec import decode_event, encode
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_type import ASSET_TYPES
from runrack_sql.text_key import digest


def asset_digest(asset_key: AssetKey) -> str:
    """Return what an asset is found by."""
    return digest(asset_key.to_string())


def event_row(entry: EventLogEntry) -> dict[str, Any]:
    """Return the row of an entry, but for its id and whether it is late."""
    row: dict[str, Any] = {
        "event_id": entry.event_id,
        "run_id": entry.run_id,
        "event_type": None,
        "timestamp": entry.timestamp,
        "job_name": entry.job_name,
        "asset_digest": None,
        "partition_digest": None,
        "body": encode(entry),
    }
    event = entry.event
    if event is None:
        return row
    row["event_type"] = event.event_type.value
    row["job_name"] = entry.job_name if entry.job_name is not None else event.job_name
    if event.event_type in ASSET_TYPES and event.asset_key is not None:
        row["asset_digest"] = asset_digest(event.asset_key)
        row["partition_digest"] = None if event.partition is None else digest(event.partition)
    return row


def event_record(storage_id: int, body: str, run_id: str, *, late: bool = False) -> EventLogRecord:
    """Return the record of a stored entry.

    Raises:
        RecordDecodeError: The row is damaged; the error names the run.
    """
    try:
        return EventLogRecord(storage_id, decode_event(body), late)
    except RecordDecodeError as error:
        raise RecordDecodeError(f"event {storage_id} of run {run_id!r}: {error}", run_id) from error
