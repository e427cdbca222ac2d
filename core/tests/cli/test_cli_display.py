"""What is shown can steer neither the terminal nor its reader."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runrack.cli.output.display import escape, escape_line, indent_after_first
from runrack.cli.output.masking import masked
from runrack.cli.output.moment import duration, iso

DIRTY = {
    "colour": ("\x1b[31mred", "\\x1b[31mred"),
    "clipboard": ("\x1b]52;c;cm0=\x07", "\\x1b]52;c;cm0=\\x07"),
    "carriage return": ("real\rfake", "real\\rfake"),
    "c1": ("\x9b31m", "\\x9b31m"),
    "bidi": ("user\u202etxt.exe", "user\\u202etxt.exe"),
    "isolate": ("a\u2066b\u2069", "a\\u2066b\\u2069"),
    "line separator": ("a\u2028b", "a\\u2028b"),
    "lone surrogate": ("\udcff", "\\udcff"),
    "delete": ("\x7f", "\\x7f"),
}


@pytest.mark.parametrize("kind", DIRTY)
def test_what_steers_a_terminal_is_written_out(kind):
    """Control characters, changes of direction and what is no character appear as escapes."""
    text, shown = DIRTY[kind]
    assert escape(text) == shown


@given(st.text())
def test_no_text_gets_a_control_character_through(text):
    """Whatever the text, what is shown of it has no control character but tabs and line breaks, and no line of its own."""
    assert {char for char in escape(text) if unicodedata.category(char) in {"Cc", "Cs"}} <= {"\t", "\n"}
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in escape_line(text))


def test_ordinary_text_is_left_alone():
    """Letters of any script, symbols and line breaks stay as they are."""
    assert escape("größe\t日本語 ✓\n") == "größe\t日本語 ✓\n"


def test_a_message_cannot_forge_a_line():
    """The further lines of a message are indented."""
    assert indent_after_first("one\n12:00:00 ERROR two\n", 4) == "one\n    12:00:00 ERROR two"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 ms"),
        (0.0084, "8 ms"),
        (0.9996, "1.0 s"),
        (1.24, "1.2 s"),
        (59.96, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7620, "2 h 07 min"),
    ],
)
def test_a_duration_is_short(seconds, shown):
    """A duration has the unit that fits it."""
    assert duration(seconds) == shown


def test_a_moment_for_programs_is_in_utc():
    """Programs get ISO 8601 with microseconds."""
    assert iso(1_700_000_000.25) == "2023-11-14T22:13:20.250000Z"


def test_literal_secrets_are_masked_and_references_are_not():
    """A password that was written into the file is not shown; a reference is, but for its default."""
    config = {
        "password": "hunter2",
        "url": "postgresql://rack:hunter2@db/rack",
        "api_key": 98765432101234,
        "token": {"env": "TOKEN", "default": "hunter2"},
        "users": [{"secret": ["hunter2"]}],
        "port": {"env": "PORT", "default": 5432},
        "host": "db",
    }
    assert masked(config) == {
        "password": "***",
        "url": "postgresql://rack:***@db/rack",
        "api_key": "***",
        "token": {"env": "TOKEN", "default": "***"},
        "users": [{"secret": ["***"]}],
        "port": {"env": "PORT", "default": 5432},
        "host": "db",
    }


def test_declared_secrets_are_masked_whatever_their_names():
    """What a schema calls secret is not shown; neither is what lies within it."""
    config = {"pin": 1234, "door": {"code": "hunter2", "colour": "red"}, "keys": [{"a": "hunter2"}, {"b": 1}]}
    assert masked(config, "", [("pin",), ("door", "code"), ("keys", "*", "a")]) == {
        "pin": "***",
        "door": {"code": "***", "colour": "red"},
        "keys": [{"a": "***"}, {"b": 1}],
    }
    assert masked(config, "", [("door",)])["door"] == {"code": "***", "colour": "***"}
