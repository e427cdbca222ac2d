"""Events, the entries that hold them, cursors and filters over them."""

import base64
import json
import logging

import pytest

from runrack.errors import InvalidArgumentError, InvariantViolationError
from runrack.records.asset import AssetMaterialization
from runrack.records.asset_key import AssetKey
from runrack.records.cursor import EventLogCursor, EventLogCursorType
from runrack.records.event import (
    OPTIONAL_DATA,
    REQUIRED_DATA,
    Event,
    EventLogEntry,
    EventLogRecord,
)
from runrack.records.event_data import EngineEventData, RunFailureData, StepMaterializationData
from runrack.records.event_filter import EventRecordsFilter, RunStatusChangeRecordsFilter
from runrack.records.event_type import RUN_STATUS_CHANGE_TYPES, EventType
from runrack.records.log_level import PYTHON_LOGGING_LEVELS_NAMES
from runrack.records.record import new_event_id
from runrack.testing.builders import (
    NOW,
    SMALLEST_DATA,
    make_entry,
    make_event,
    make_materialization,
    make_observation,
    make_plan,
)


def entry_with(level=20, timestamp=NOW):
    return EventLogEntry(None, level, "", "run", timestamp)


@pytest.mark.parametrize("name", PYTHON_LOGGING_LEVELS_NAMES)
def test_a_level_may_be_a_name(name):
    """A level is a number, or a name in any case, and is kept as a number."""
    number = logging.getLevelNamesMapping()[name]
    assert [entry_with(level).level for level in (name, name.lower(), name.title(), number)] == [number] * 4


@pytest.mark.parametrize("level", ["LOUD", "", None, 1.5, True, "NOTSET"])
def test_an_unknown_level_is_refused(level):
    """Anything else is refused, with the names that are allowed."""
    with pytest.raises(InvalidArgumentError, match="CRITICAL, ERROR, WARNING, INFO, DEBUG"):
        entry_with(level)


@pytest.mark.parametrize("timestamp", [1, "1.0", None, float("nan"), float("inf")])
def test_a_timestamp_is_a_finite_float(timestamp):
    """A timestamp that is no float, or cannot be stored, is refused."""
    with pytest.raises(InvalidArgumentError, match="float"):
        entry_with(timestamp=timestamp)


def test_an_entry_holds_an_event_or_a_message():
    """`is_event`, `event_type` and `get_event` tell the two apart."""
    message, event = make_entry("text"), make_entry(EventType.RUN_START)
    assert (message.is_event, message.event_type) == (False, None)
    assert (event.is_event, event.event_type) == (True, EventType.RUN_START)
    assert event.get_event() is event.event
    with pytest.raises(InvariantViolationError, match="is_event"):
        message.get_event()
    with pytest.raises(InvariantViolationError):
        _ = EventLogRecord(1, message).event_type


@pytest.mark.parametrize(
    ("event_message", "expected"), [("of the event", "of the event"), ("", ""), (None, "of the entry")]
)
def test_the_message_of_an_event_goes_first(event_message, expected):
    """An entry's message is that of its event where that has one, else its own."""
    event = make_event(EventType.RUN_START, message=event_message)
    assert EventLogEntry(None, 20, "of the entry", "run", NOW, event=event).message == expected


def test_an_entry_gives_its_asset_facts():
    """Materialization, observation and their tags are reached through entry and record."""
    written, seen = make_materialization(tags={"a": "1"}), make_observation(tags={"b": "2"})
    assert (written.asset_materialization.tags, written.asset_observation) == ({"a": "1"}, None)
    assert (seen.asset_observation.tags, seen.asset_materialization) == ({"b": "2"}, None)
    assert (written.tags, seen.tags, make_entry("text").tags) == ({"a": "1"}, {"b": "2"}, {})
    record = EventLogRecord(1, make_materialization(partition="p"))
    assert (record.asset_key, record.partition_key) == (AssetKey("asset"), "p")
    assert (record.asset_materialization.partition, record.asset_observation) == ("p", None)
    assert (record.run_id, record.timestamp, record.late) == ("run", NOW, False)


@pytest.mark.parametrize("event_type", EventType)
def test_an_event_carries_its_own_payload(event_type):
    """A payload of another kind is refused, and so is a missing one where the type needs it."""
    wrong = EngineEventData() if event_type in {*REQUIRED_DATA, *OPTIONAL_DATA} else RunFailureData()
    with pytest.raises(InvalidArgumentError, match=event_type):
        Event(event_type, "job", event_specific_data=wrong)
    if event_type in REQUIRED_DATA:
        with pytest.raises(InvalidArgumentError, match=event_type):
            Event(event_type, "job")
    else:
        assert Event(event_type, "job").event_specific_data is None


def test_every_required_payload_has_an_example():
    """The builders know a payload for each type that needs one."""
    assert SMALLEST_DATA.keys() == REQUIRED_DATA.keys()


def test_asset_events_name_their_asset_and_partition():
    """Each kind of asset event gives the asset that it is about; a plan also its partition."""
    for event_type in (
        EventType.ASSET_MATERIALIZATION,
        EventType.ASSET_OBSERVATION,
        EventType.ASSET_CHECK_EVALUATION,
        EventType.ASSET_MATERIALIZATION_PLANNED,
        EventType.ASSET_WIPED,
    ):
        event = make_event(event_type)
        assert (event.asset_key, event.partition) == (AssetKey("asset"), None)
    assert make_plan(partition="p").event.partition == "p"
    assert make_observation(partition="p").event.partition == "p"
    assert (make_event(EventType.RUN_START).asset_key, make_event(EventType.RUN_START).partition) == (
        None,
        None,
    )


def test_status_events_are_run_events():
    """Exactly the types that imply a status are run events."""
    found = {event_type for event_type in EventType if make_event(event_type).is_run_event}
    assert found == RUN_STATUS_CHANGE_TYPES


def test_event_ids_are_unique_and_sort_by_time():
    """Each entry gets an id of its own, of 32 hexadecimal digits, whose beginning grows with time."""
    ids = [new_event_id() for _ in range(1_000)]
    assert len(set(ids)) == 1_000
    assert all(len(event_id) == 32 and int(event_id, 16) >= 0 for event_id in ids)
    assert [event_id[:12] for event_id in ids] == sorted(event_id[:12] for event_id in ids)
    assert make_entry().event_id != make_entry().event_id


def test_a_cursor_is_opaque_text():
    """Cursors of both kinds are read back equal."""
    for cursor in (EventLogCursor.from_storage_id(5), EventLogCursor.from_offset(3)):
        assert EventLogCursor.parse(cursor.to_string()) == cursor


def test_an_offset_is_never_negative():
    """A negative offset means the beginning, also when it was made by hand."""
    assert EventLogCursor.from_offset(-1).offset() == 0
    assert EventLogCursor(EventLogCursorType.OFFSET, -7).offset() == 0


def test_a_cursor_is_asked_for_what_it_holds():
    """Asking a cursor for the other kind is refused."""
    with pytest.raises(InvalidArgumentError):
        EventLogCursor.from_offset(1).storage_id()
    with pytest.raises(InvalidArgumentError):
        EventLogCursor.from_storage_id(1).offset()


@pytest.mark.parametrize(
    "fields",
    [None, 5, [], {}, {"type": "OFFSET"}, {"type": "x", "value": 1}, {"type": "OFFSET", "value": True}],
)
def test_what_is_no_cursor_is_refused(fields):
    """Text that decodes to anything else is refused."""
    with pytest.raises(InvalidArgumentError, match="cursor"):
        EventLogCursor.parse(base64.b64encode(json.dumps(fields).encode()).decode())


def test_a_filter_needs_a_type():
    """An EventRecordsFilter names a type, and partitions only together with an asset."""
    with pytest.raises(InvalidArgumentError, match="EventType"):
        EventRecordsFilter(None)
    with pytest.raises(InvalidArgumentError, match="asset_key"):
        EventRecordsFilter(EventType.ASSET_MATERIALIZATION, asset_partitions=["a"])


@pytest.mark.parametrize("event_type", sorted(set(EventType) - RUN_STATUS_CHANGE_TYPES))
def test_a_status_filter_takes_status_events(event_type):
    """Types that change no status are refused."""
    with pytest.raises(InvalidArgumentError, match="RUN_START"):
        RunStatusChangeRecordsFilter(event_type)


def test_a_payload_is_typed():
    """The payload of a materialization holds the fact itself."""
    fact = AssetMaterialization("a")
    assert Event(
        EventType.ASSET_MATERIALIZATION, "job", event_specific_data=StepMaterializationData(fact)
    ).asset_key == AssetKey("a")
