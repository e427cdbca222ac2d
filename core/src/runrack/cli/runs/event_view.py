"""An entry of a run's log as the commands show it."""

from __future__ import annotations

import logging
from typing import Any

import click
import msgspec

from runrack.cli.output.display import escape_line, indent_after_first
from runrack.cli.output.moment import clock, iso
from runrack.records.error_info import SerializableErrorInfo
from runrack.records.event import EventLogEntry, EventLogRecord
from runrack.records.event_data import (
    EngineEventData,
    HookErroredData,
    RunFailureData,
    StepFailureData,
    StepRetryData,
)

_LEVEL_COLORS = {"CRITICAL": "red", "ERROR": "red", "WARNING": "yellow"}
_INDENT = 4
_WITH_ERROR = EngineEventData | HookErroredData | RunFailureData | StepFailureData | StepRetryData


def entry_as_json(record: EventLogRecord) -> dict[str, Any]:
    """Return what programs read about an entry of a log. Fields are only ever added."""
    entry = record.event_log_entry
    event = entry.event
    return {
        "storage_id": record.storage_id,
        "run_id": entry.run_id,
        "timestamp": iso(entry.timestamp),
        "level": level_name(entry),
        "type": None if event is None else event.event_type.value,
        "job_name": entry.job_name,
        "step_key": entry.step_key,
        "message": entry.message,
        "data": None if event is None else msgspec.to_builtins(event.event_specific_data),
        "error": msgspec.to_builtins(entry.error_info),
        "late": record.late,
    }


def entry_line(entry: EventLogEntry, *, with_type: bool = False) -> str:
    """Return an entry as a line, `12:03:04 INFO step_key message`; further lines of its message are indented.

    Args:
        entry: The entry.
        with_type: Put the type of an event before its message.
    """
    level = level_name(entry)
    shown_level = (
        click.style(f"{level:<7}", fg=_LEVEL_COLORS[level]) if level in _LEVEL_COLORS else f"{level:<7}"
    )
    parts = [clock(entry.timestamp), shown_level, escape_line(entry.step_key or "-")]
    if with_type and entry.event is not None:
        parts.append(entry.event.event_type.value)
    parts.append(indent_after_first(entry.message, _INDENT))
    return " ".join(part for part in parts if part)


def error_text(entry: EventLogEntry) -> str | None:
    """Return the error that an entry is about, with its stack, indented; None when it is about none."""
    error = find_error(entry)
    return None if error is None else " " * _INDENT + indent_after_first(error.to_string(), _INDENT)


def find_error(entry: EventLogEntry) -> SerializableErrorInfo | None:
    """Return the error that an entry is about; of user code, what it raised, not what the framework made of that."""
    payload = None if entry.event is None else entry.event.event_specific_data
    error = payload.error if isinstance(payload, _WITH_ERROR) else entry.error_info
    if error is not None and error.cause is not None and not error.stack:
        return error.cause
    return error


def level_name(entry: EventLogEntry) -> str:
    """Return the entry's level as Python's logging names it."""
    return logging.getLevelName(entry.level)
