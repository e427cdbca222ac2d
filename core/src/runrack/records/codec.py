"""The stored form of records: JSON text that names the record and its version, such as `{"record":"event/1",…}`.

A reader takes its own version on a fast path. What an older version wrote is brought up to date field by field; of
what a newer version wrote, unknown fields are dropped; an event of an unknown type or with an unknown payload becomes
an ENGINE_EVENT that says so and keeps the original message. Nothing that is stored makes a whole log unreadable.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from runrack.errors import RecordDecodeError
from runrack.records.asset_key import AssetKey
from runrack.records.event import EventLogEntry
from runrack.records.event_type import EventType
from runrack.records.heartbeat import DaemonHeartbeat
from runrack.records.record import Record
from runrack.records.run import Run
from runrack.records.snapshot import ExecutionPlanSnapshot, JobSnapshot, Snapshot
from runrack.records.tick import InstigatorState, TickData

R = TypeVar("R", bound=Record)

_encoder = msgspec.json.Encoder()

_OLD_RUN_FIELDS = {
    "pipeline_name": "job_name",
    "solid_selection": "op_selection",
    "solids_to_execute": "resolved_op_selection",
    "pipeline_snapshot_id": "job_snapshot_id",
    "external_pipeline_origin": "remote_job_origin",
    "pipeline_code_origin": "job_code_origin",
    "previous_run_id": "parent_run_id",
    "environment_dict": "run_config",
}
_OLD_EVENT_FIELDS = {"pipeline_name": "job_name"}
_OLD_EVENT_PREFIX = "PIPELINE_"


def encode(record: Record) -> str:
    """Return the stored form of `record`: one line of JSON, the same for equal records."""
    return _encoder.encode(_with_ordered_selections(record) if isinstance(record, Run) else record).decode()


def decode_event(text: str | bytes) -> EventLogEntry:
    """Return the log entry stored as `text`.

    Raises:
        RecordDecodeError: `text` is no log entry of any version.
    """
    try:
        return _event_decoder.decode(text)
    except msgspec.DecodeError:
        return _decode_foreign_event(_parse(text, "event"))


def decode_run(text: str | bytes) -> Run:
    """Return the run stored as `text`; field names of older versions are accepted.

    Raises:
        RecordDecodeError: `text` is no run of any version.
    """
    return _decode(_run_decoder, text, "run", lambda fields: _renamed(fields, _OLD_RUN_FIELDS))


def decode_heartbeat(text: str | bytes) -> DaemonHeartbeat:
    """Return the heartbeat stored as `text`, or raise `RecordDecodeError`."""
    return _decode(_heartbeat_decoder, text, "heartbeat")


def decode_instigator_state(text: str | bytes) -> InstigatorState:
    """Return the instigator state stored as `text`, or raise `RecordDecodeError`."""
    return _decode(_state_decoder, text, "instigator")


def decode_tick(text: str | bytes) -> TickData:
    """Return the tick data stored as `text`, or raise `RecordDecodeError`."""
    return _decode(_tick_decoder, text, "tick")


def decode_snapshot(text: str | bytes) -> Snapshot:
    """Return the snapshot stored as `text`, or raise `RecordDecodeError`."""
    if '"record":"job_snapshot/' in (text if isinstance(text, str) else text.decode(errors="replace")):
        return _decode(_job_snapshot_decoder, text, "job_snapshot")
    return _decode(_plan_snapshot_decoder, text, "execution_plan_snapshot")


_event_decoder = msgspec.json.Decoder(EventLogEntry)
_run_decoder = msgspec.json.Decoder(Run)
_heartbeat_decoder = msgspec.json.Decoder(DaemonHeartbeat)
_state_decoder = msgspec.json.Decoder(InstigatorState)
_tick_decoder = msgspec.json.Decoder(TickData)
_job_snapshot_decoder = msgspec.json.Decoder(JobSnapshot)
_plan_snapshot_decoder = msgspec.json.Decoder(ExecutionPlanSnapshot)


def _with_ordered_selections(run: Run) -> Run:
    """Return `run` with its sets as sorted sequences: sets have another order in every process."""
    ops, assets = run.resolved_op_selection, run.asset_selection
    if not ops and not assets:
        return run
    return msgspec.structs.replace(
        run,
        resolved_op_selection=None if ops is None else sorted(ops),
        asset_selection=None if assets is None else sorted(assets, key=AssetKey.to_string),
    )


def _decode(
    decoder: msgspec.json.Decoder[R],
    text: str | bytes,
    record: str,
    upgrade: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> R:
    try:
        return decoder.decode(text)
    except msgspec.DecodeError:
        fields = upgrade(_parse(text, record))
    return _convert(fields, decoder.type, record)


def _convert(fields: Mapping[str, Any], cls: type[R], record: str) -> R:
    try:
        return msgspec.convert(fields, cls)
    except msgspec.ValidationError as error:
        raise RecordDecodeError(f"a stored {record} cannot be read: {_without_value(error)}") from None


def _parse(text: str | bytes, record: str) -> dict[str, Any]:
    """Return the fields of a record of this kind and of any version, its tag set to the current one."""
    try:
        fields = msgspec.json.decode(text)
    except msgspec.DecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise RecordDecodeError(f"a stored {record} is no JSON object: the row is damaged")
    kind = str(fields.get("record", record)).partition("/")[0]
    if kind != record:
        raise RecordDecodeError(f"a stored {record} turns out to be something else: the row is damaged")
    return {**fields, "record": f"{record}/1"}


def _renamed(fields: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return `fields` under their current names; a field that is there under both keeps the current one."""
    old = {names[name]: value for name, value in fields.items() if name in names}
    return old | {name: value for name, value in fields.items() if name not in names}


def _decode_foreign_event(fields: dict[str, Any]) -> EventLogEntry:
    fields = _renamed(fields, _OLD_EVENT_FIELDS)
    event = fields.get("event")
    if not isinstance(event, dict):
        return _convert(fields, EventLogEntry, "event")
    event = _renamed(event, _OLD_EVENT_FIELDS)
    event_type = str(event.get("event_type"))
    if event_type.startswith(_OLD_EVENT_PREFIX):
        event["event_type"] = f"RUN_{event_type.removeprefix(_OLD_EVENT_PREFIX)}"
    try:
        return msgspec.convert({**fields, "event": event}, EventLogEntry)
    except msgspec.ValidationError:
        return _convert({**fields, "event": _stand_in(event, event_type)}, EventLogEntry, "event")


def _stand_in(event: Mapping[str, Any], event_type: str) -> dict[str, Any]:
    told = event.get("message")
    return {
        "event_type": EventType.ENGINE_EVENT.value,
        "job_name": str(event.get("job_name", "")),
        "step_key": event.get("step_key"),
        "message": f"An event of type {event_type!r} was stored that this version of runrack cannot read."
        + (f" Its message: {told}" if told else ""),
    }


def _without_value(error: msgspec.ValidationError) -> str:
    """Return what msgspec found wrong; its messages name types and paths, never values, save for enumerations."""
    return (
        str(error).partition("Invalid enum value")[0]
        or "a field holds a value that this version does not know"
    )
