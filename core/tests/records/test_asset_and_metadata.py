"""Asset keys, what is said about assets, and metadata values."""

from datetime import UTC, datetime
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from runrack.errors import InvalidArgumentError
from runrack.records.asset import AssetCheckEvaluation, AssetMaterialization, AssetObservation
from runrack.records.asset_key import AssetKey
from runrack.records.metadata import (
    BoolMetadata,
    FloatMetadata,
    IntMetadata,
    JsonMetadata,
    MetadataValue,
    NullMetadata,
    PathMetadata,
    TextMetadata,
    TimestampMetadata,
    to_metadata,
)
from runrack.records.tick import InstigatorOrigin, InstigatorStatus, ScheduleInstigatorData, TickStatus
from runrack.testing.builders import ERROR, make_schedule_state, make_tick, moment

COMPONENTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=4)


def test_a_string_is_one_component():
    """A key made of a string has one component, whatever the string holds."""
    assert AssetKey("a/b").path == ("a/b",)
    assert AssetKey(["a", "b"]).path == AssetKey(("a", "b")).path == ("a", "b")


@pytest.mark.parametrize("path", ["", [], [""], ["a", ""], [1], [None]])
def test_a_key_has_components(path):
    """A key has at least one component, all of them strings and none empty."""
    with pytest.raises(InvalidArgumentError):
        AssetKey(path)


def test_keys_are_values():
    """Equal keys are equal and hash alike."""
    assert {AssetKey("a"), AssetKey(["a"])} == {AssetKey("a")}
    assert AssetKey("a") != AssetKey("A")


@settings(derandomize=True, deadline=None, database=None)
@given(COMPONENTS)
def test_the_text_of_a_key_is_read_back(path):
    """Any key is read back from its text."""
    assert AssetKey.from_string(AssetKey(path).to_string()) == AssetKey(path)


@pytest.mark.parametrize("text", ["", "a", '"a"', "{}", "[]", "[1]", "a/b", "[null]"])
def test_what_is_no_text_of_a_key_is_refused(text):
    """Only the text of a JSON list of strings is a key's text."""
    with pytest.raises(InvalidArgumentError):
        AssetKey.from_string(text)


def test_people_write_slashes():
    """The form for people joins components by slashes."""
    assert AssetKey(["a", "b"]).to_user_string() == "a/b"
    assert AssetKey.from_user_string("a/b") == AssetKey(["a", "b"])


def test_prefixes_are_whole_components():
    """A prefix is compared component by component."""
    key = AssetKey(["ab", "c"])
    assert (key.has_prefix(["ab"]), key.has_prefix(["a"]), key.has_prefix([])) == (True, False, True)
    assert key.with_prefix("x") == key.with_prefix(["x"]) == AssetKey(["x", "ab", "c"])


@pytest.mark.parametrize("make", [AssetMaterialization, AssetObservation])
def test_the_string_of_an_event_is_split(make):
    """An asset event splits a string wherever it holds no letter, digit or underscore; other keys stay as they are."""
    assert make("path/to-asset_4").asset_key == AssetKey(["path", "to", "asset_4"])
    assert make(["a/b"]).asset_key == make(AssetKey("a/b")).asset_key == AssetKey("a/b")


@pytest.mark.parametrize("asset_key", [None, "", "---"])
def test_an_asset_event_needs_a_key(asset_key):
    """An event about no asset is refused."""
    with pytest.raises(InvalidArgumentError):
        AssetMaterialization(asset_key)


def test_a_partition_and_tags_are_strings():
    """Partitions and tags that are no strings are refused."""
    for fields in ({"partition": 1}, {"tags": {"a": 1}}, {"metadata": {1: "a"}}):
        with pytest.raises(InvalidArgumentError):
            AssetMaterialization("a", **fields)


def test_a_check_has_a_verdict():
    """A check names its asset and carries metadata like the others."""
    check = AssetCheckEvaluation("a", "fresh", passed=False, metadata={"age": 3})
    assert (check.asset_key, check.metadata) == (AssetKey("a"), {"age": IntMetadata(3)})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", TextMetadata("text")),
        (1, IntMetadata(1)),
        (True, BoolMetadata(True)),
        (1.5, FloatMetadata(1.5)),
        (float("nan"), TextMetadata("nan")),
        (float("-inf"), TextMetadata("-inf")),
        (None, NullMetadata()),
        (Path("/a/b"), PathMetadata("/a/b")),
        ({"a": [1]}, JsonMetadata({"a": [1]})),
        ([1, 2], JsonMetadata([1, 2])),
        (datetime(2024, 1, 1, tzinfo=UTC), TimestampMetadata(1704067200.0)),
        (MetadataValue.md("# a"), MetadataValue.md("# a")),
        (MetadataValue.url("https://x"), MetadataValue.url("https://x")),
    ],
)
def test_plain_values_become_metadata(value, expected):
    """A plain value becomes the metadata of its type; a metadata value stays what it is."""
    assert to_metadata({"label": value}) == {"label": expected}


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, b"a", {"a": object()}, [float("nan")], moment().replace(tzinfo=None)]
)
def test_what_cannot_be_stored_is_refused(value):
    """A value that JSON cannot hold, or a moment without a time zone, is refused when the event is made."""
    with pytest.raises(InvalidArgumentError):
        to_metadata({"label": value})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_float_is_finite(value):
    """A FloatMetadata that could not be read back is refused."""
    with pytest.raises(InvalidArgumentError, match="finite"):
        FloatMetadata(value)


def test_ids_of_an_origin_are_digests():
    """The origin's id changes with the interpreter; those of the selector and the location do not."""
    here, moved = InstigatorOrigin("loc", "name"), InstigatorOrigin("loc", "name", "/python")
    assert here.origin_id != moved.origin_id
    assert here.selector_id == moved.selector_id != InstigatorOrigin("loc", "other").selector_id
    assert here.repository_selector_id == InstigatorOrigin("loc", "other").repository_selector_id
    assert InstigatorOrigin("ab", "c").selector_id != InstigatorOrigin("a", "bc").selector_id


def test_the_state_of_a_schedule_has_its_data():
    """A schedule's state carries ScheduleInstigatorData, whose expressions compare as a tuple."""
    with pytest.raises(InvalidArgumentError):
        make_schedule_state(instigator_data=None)
    assert ScheduleInstigatorData(["a", "b"]).cron_schedule == ("a", "b")
    running = [status for status in InstigatorStatus if make_schedule_state(status=status).is_running]
    assert running == [InstigatorStatus.RUNNING, InstigatorStatus.DECLARED_IN_CODE]


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (TickStatus.FAILURE, {"error": None}),
        (TickStatus.SUCCESS, {"error": ERROR}),
        (TickStatus.STARTED, {"skip_reason": "no"}),
    ],
)
def test_a_tick_says_why(status, fields):
    """An error belongs to a failed tick and only to it, a reason to a skipped one."""
    with pytest.raises(InvalidArgumentError):
        make_tick(status=status, **fields)
