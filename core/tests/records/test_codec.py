"""The stored form of records: round trips, and what other versions of runrack wrote."""

import json
from typing import get_args

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings

from runrack.errors import RecordDecodeError
from runrack.records.codec import (
    decode_event,
    decode_heartbeat,
    decode_instigator_state,
    decode_run,
    decode_snapshot,
    decode_tick,
    encode,
)
from runrack.records.event import EventLogEntry
from runrack.records.event_data import EventSpecificData
from runrack.records.event_type import EventType
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin, Run
from runrack.records.run_status import RunStatus
from runrack.records.snapshot import ExecutionPlanSnapshot, StepSnapshot
from runrack.testing.builders import (
    ERROR,
    NOW,
    SMALLEST_DATA,
    make_entry,
    make_event,
    make_heartbeat,
    make_job_snapshot,
    make_materialization,
    make_run,
    make_schedule_state,
    make_sensor_state,
    make_tick,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXT, children, max_size=3),
    max_leaves=8,
)
TAGS = st.dictionaries(TEXT, TEXT, max_size=3)
RUNS = st.builds(
    Run,
    job_name=TEXT,
    run_id=TEXT.filter(bool),
    run_config=st.dictionaries(TEXT, JSON_VALUES, max_size=3),
    status=st.sampled_from(RunStatus),
    tags=TAGS,
    step_keys_to_execute=st.none() | st.lists(TEXT, max_size=2).map(tuple),
    op_selection=st.none() | st.lists(TEXT, max_size=2).map(tuple),
    resolved_op_selection=st.none() | st.frozensets(TEXT, max_size=2),
    job_snapshot_id=st.none() | TEXT,
    remote_job_origin=st.builds(RemoteJobOrigin, TEXT, TEXT),
    job_code_origin=st.none() | st.builds(JobCodeOrigin, job_name=TEXT, attribute=TEXT, file=TEXT),
)
METADATA = st.dictionaries(TEXT, JSON_VALUES, max_size=3)
ENTRIES = st.builds(
    EventLogEntry,
    error_info=st.none() | st.just(ERROR),
    level=st.sampled_from([10, 20, 30, 40, 50, 5]),
    user_message=TEXT,
    run_id=TEXT,
    timestamp=st.floats(allow_nan=False, allow_infinity=False),
    step_key=st.none() | TEXT,
    job_name=st.none() | TEXT,
    event=st.none()
    | st.builds(
        make_event, st.sampled_from(EventType), job_name=TEXT, step_key=st.none() | TEXT, message=TEXT
    )
    | st.builds(
        lambda metadata, tags: make_materialization(metadata=metadata, tags=tags).event, METADATA, TAGS
    ),
)

BARE_EVENT = {"error_info": None, "level": 20, "user_message": "", "run_id": "run", "timestamp": NOW}


def stored_event(**fields):
    return json.dumps({"record": "event/1", **BARE_EVENT, **fields})


@settings(derandomize=True, deadline=None, database=None)
@given(RUNS)
def test_a_run_is_read_back_equal(run):
    """A run of any content is read back equal, and hashes of its text agree."""
    assert decode_run(encode(run)) == run
    assert encode(decode_run(encode(run))) == encode(run)


@settings(derandomize=True, deadline=None, database=None)
@given(ENTRIES)
def test_an_entry_is_read_back_equal(entry):
    """A log entry of any content is read back equal."""
    assert decode_event(encode(entry)) == entry


@pytest.mark.parametrize("event_type", EventType)
def test_every_event_is_read_back_equal(event_type):
    """An event of each type is read back equal, with its payload."""
    entry = make_entry(make_event(event_type, step_key="step", message="told"))
    assert decode_event(encode(entry)) == entry


def test_every_payload_is_told_apart():
    """Each kind of payload has a tag of its own in the stored form."""
    tags = [payload.__struct_config__.tag for payload in get_args(EventSpecificData)]
    assert len(set(tags)) == len(tags) > len({type(data) for data in SMALLEST_DATA.values()})


@pytest.mark.parametrize(
    ("record", "decode"),
    [
        (make_heartbeat(errors=[ERROR]), decode_heartbeat),
        (make_schedule_state(), decode_instigator_state),
        (make_sensor_state(), decode_instigator_state),
        (make_tick(run_ids=("1",), cursor="c"), decode_tick),
        (make_job_snapshot("job", "a"), decode_snapshot),
        (ExecutionPlanSnapshot("id", (StepSnapshot("a", "a"),)), decode_snapshot),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_record_is_read_back_equal(record, decode):
    """The other stored records are read back equal, from text and from bytes."""
    assert decode(encode(record)) == record
    assert decode(encode(record).encode()) == record


def test_the_stored_form_names_itself():
    """The stored form is one line of JSON that begins with the record and its version."""
    text = encode(make_run(tags={"a": "line\nend"}))
    assert text.startswith('{"record":"run/1",')
    assert "\n" not in text


def test_defaults_are_left_out():
    """Fields that hold their default take no room."""
    assert set(json.loads(encode(Run(job_name="job", run_id="a")))) == {"record", "job_name", "run_id"}


def test_older_field_names_of_a_run_are_read():
    """A run under the names of older versions is read: their fields are renamed, what is gone is dropped."""
    run = decode_run(
        json.dumps(
            {
                "pipeline_name": "job",
                "run_id": "a",
                "mode": "default",
                "environment_dict": {"a": 1},
                "solid_selection": ["*a"],
                "solids_to_execute": ["a"],
                "pipeline_snapshot_id": "snapshot",
                "external_pipeline_origin": {"location_name": "location", "job_name": "job"},
                "pipeline_code_origin": {"job_name": "job", "attribute": "job", "module": "m"},
                "status": "QUEUED",
            }
        )
    )
    assert run == Run(
        job_name="job",
        run_id="a",
        run_config={"a": 1},
        op_selection=("*a",),
        resolved_op_selection=frozenset({"a"}),
        job_snapshot_id="snapshot",
        remote_job_origin=RemoteJobOrigin("location", "job"),
        job_code_origin=JobCodeOrigin("job", "job", module="m"),
        status=RunStatus.QUEUED,
    )


def test_a_current_name_goes_before_an_older_one():
    """A field that stands there under both names keeps the current one."""
    assert decode_run('{"record":"run/0","pipeline_name":"old","job_name":"new"}').job_name == "new"


def test_an_older_event_is_read():
    """An event under older names, with the older names of run events, is read as what it is now."""
    entry = decode_event(
        stored_event(
            pipeline_name="job",
            event={"event_type": "PIPELINE_START", "pipeline_name": "job", "message": "go"},
        )
    )
    assert (entry.job_name, entry.event_type, entry.message) == ("job", EventType.RUN_START, "go")


@pytest.mark.parametrize(
    ("text", "decode"),
    [
        (encode(make_run("a")), decode_run),
        (encode(make_entry("text")), decode_event),
        (encode(make_heartbeat()), decode_heartbeat),
        (encode(make_tick()), decode_tick),
        (encode(make_schedule_state()), decode_instigator_state),
        (encode(make_job_snapshot()), decode_snapshot),
    ],
    ids=["run", "event", "heartbeat", "tick", "instigator", "snapshot"],
)
def test_a_newer_record_is_read(text, decode):
    """Of a newer version, the fields that this one knows are read and the others dropped."""
    newer = text.replace("/1", "/7").replace("{", '{"invented":{"x":[1]},', 1)
    assert decode(newer) == decode(text)


@pytest.mark.parametrize(
    "event",
    [
        {"event_type": "INVENTED", "job_name": "job", "message": "hello", "step_key": "a"},
        {
            "event_type": "STEP_START",
            "job_name": "job",
            "message": "hello",
            "step_key": "a",
            "event_specific_data": {"type": "invented"},
        },
        {"event_type": "STEP_OUTPUT", "job_name": "job", "message": "hello", "step_key": "a"},
    ],
    ids=["type", "payload", "missing payload"],
)
def test_an_event_of_a_newer_version_gets_a_stand_in(event):
    """An event of an unknown type or payload becomes an ENGINE_EVENT that names the type and keeps the message."""
    entry = decode_event(stored_event(event=event, step_key="a", event_id="id"))
    assert (entry.event_type, entry.run_id, entry.event_id) == (EventType.ENGINE_EVENT, "run", "id")
    assert entry.event.step_key == "a"
    assert event["event_type"] in entry.message
    assert "hello" in entry.message


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"run"', "{}", '{"record":"tick/1"}', b"\xff"])
@pytest.mark.parametrize(
    "decode",
    [decode_run, decode_event, decode_heartbeat, decode_instigator_state, decode_snapshot],
    ids=lambda decode: decode.__name__,
)
def test_what_is_no_record_is_refused(text, decode):
    """Damaged text, or a record of another kind, raises RecordDecodeError."""
    with pytest.raises(RecordDecodeError):
        decode(text)


def test_an_error_shows_no_value():
    """The message of a RecordDecodeError says what is wrong, and never shows a stored value."""
    for fields in ({"status": "hunter2"}, {"run_config": "hunter2"}, {"tags": {"a": 1, "b": "hunter2"}}):
        with pytest.raises(RecordDecodeError) as caught:
            decode_run(json.dumps({"job_name": "job", **fields}))
        assert "hunter2" not in str(caught.value)


def test_an_unencodable_value_is_refused():
    """A value that JSON cannot hold is refused when it is encoded."""
    with pytest.raises(TypeError):
        encode(make_run(run_config={"a": object()}))


def test_a_stored_event_is_decoded_on_the_fast_path():
    """What this version writes is decoded by one decoder, without a detour."""
    assert msgspec.json.decode(encode(make_entry("text")), type=EventLogEntry).user_message == "text"
