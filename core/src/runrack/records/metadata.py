"""Metadata values: what a person should know about an event, typed so that it can be shown well."""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from runrack.errors import InvalidArgumentError
from runrack.records.record import Record


class TextMetadata(Record, frozen=True, tag="text"):
    """Plain text."""

    value: str


class IntMetadata(Record, frozen=True, tag="int"):
    """A whole number."""

    value: int


class FloatMetadata(Record, frozen=True, tag="float"):
    """A finite number. The stored form has no others: given as plain values they become text."""

    value: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise InvalidArgumentError("a FloatMetadata is finite: give infinity and NaN as text")


class BoolMetadata(Record, frozen=True, tag="bool"):
    """Yes or no."""

    value: bool


class NullMetadata(Record, frozen=True, tag="null"):
    """Nothing."""

    value: None = None


class PathMetadata(Record, frozen=True, tag="path"):
    """A path in a file system."""

    value: str


class UrlMetadata(Record, frozen=True, tag="url"):
    """An address that can be opened."""

    value: str


class MarkdownMetadata(Record, frozen=True, tag="markdown"):
    """Text to be shown as Markdown."""

    value: str


class JsonMetadata(Record, frozen=True, tag="json"):
    """Anything that JSON can hold."""

    value: Any


class TimestampMetadata(Record, frozen=True, tag="timestamp"):
    """A moment, in seconds since 1970 (UTC)."""

    value: float


MetadataEntry = (
    TextMetadata
    | IntMetadata
    | FloatMetadata
    | BoolMetadata
    | NullMetadata
    | PathMetadata
    | UrlMetadata
    | MarkdownMetadata
    | JsonMetadata
    | TimestampMetadata
)
RawMetadata = Mapping[str, Any]


class MetadataValue:
    """Makes metadata values where the Python type alone does not say what is meant."""

    text = TextMetadata
    path = PathMetadata
    url = UrlMetadata
    md = MarkdownMetadata
    json = JsonMetadata
    int = IntMetadata
    float = FloatMetadata
    bool = BoolMetadata
    timestamp = TimestampMetadata


def to_metadata(raw: RawMetadata | None) -> dict[str, MetadataEntry]:
    """Return `raw` with every plain Python value made a metadata value of its type.

    Raises:
        InvalidArgumentError: A label is no string, or a value is of a type that cannot be stored.
    """
    return {_label(label): _to_entry(label, value) for label, value in (raw or {}).items()}


def _label(label: object) -> str:
    if not isinstance(label, str):
        raise InvalidArgumentError(f"a metadata label is a string, not {type(label).__name__}")
    return label


def _to_entry(label: str, value: Any) -> MetadataEntry:
    for types, make in _MAKERS:
        if isinstance(value, types):
            entry: MetadataEntry = make(value)
            return entry
    raise InvalidArgumentError(
        f"metadata {label!r} is of type {type(value).__name__}, which cannot be stored: give a string, a number, a bool, "
        "a path, an aware datetime, something JSON can hold, or a MetadataValue"
    )


def _float_entry(value: float) -> MetadataEntry:
    return FloatMetadata(value) if math.isfinite(value) else TextMetadata(str(value))


def _json_entry(value: Any) -> JsonMetadata:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise InvalidArgumentError(
            "a list or mapping given as metadata must hold only what JSON can hold"
        ) from None
    return JsonMetadata(value)


def _timestamp_entry(value: datetime) -> TimestampMetadata:
    if value.tzinfo is None:
        raise InvalidArgumentError("a datetime given as metadata must have a time zone")
    return TimestampMetadata(value.timestamp())


_MAKERS: tuple[tuple[Any, Any], ...] = (
    (MetadataEntry, lambda value: value),
    (bool, BoolMetadata),
    (int, IntMetadata),
    (float, _float_entry),
    (str, TextMetadata),
    (Path, lambda value: PathMetadata(str(value))),
    (datetime, _timestamp_entry),
    (type(None), lambda _: NullMetadata()),
    ((dict, list, tuple), _json_entry),
)
