"""YAML becomes plain data with positions, or an error that says where and why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml.error import YAMLError

from runrack.config.document import _syntax_error, load_document, parse_document
from runrack.config.problem import Position
from runrack.errors import ConfigError


def _error(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        parse_document(text, "f.yaml")
    return raised.value


def _place(text: str) -> tuple[int, int]:
    position = _error(text).problems[0].position
    assert position is not None
    return position.line, position.column


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("22:30", "22:30"),
        ("2026-01-31", "2026-01-31"),
        ("1_000", "1_000"),
        ("True", True),
        ("false", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("-5", -5),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        (".inf", float("inf")),
        ("'5'", "5"),
        ('"true"', "true"),
        ("http://host:80/a", "http://host:80/a"),
    ],
)
def test_scalars_are_yaml_1_2(scalar, expected):
    """A scalar means what YAML 1.2 says, in block and in flow style."""
    assert parse_document(f"a: {scalar}", "f").value == {"a": expected}
    assert type(parse_document(f"a: {scalar}", "f").value["a"]) is type(expected)
    if scalar:
        assert parse_document(f"a: {{b: {scalar}}}", "f").value == {"a": {"b": expected}}


def test_keys_are_text():
    """A key is the text that stands there, whatever it looks like."""
    assert parse_document("1: a\ntrue: b\n2.0: c", "f").value == {"1": "a", "true": "b", "2.0": "c"}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "~\n", "\ufeff"])
def test_empty_document(text):
    """A file without content is an empty mapping."""
    assert parse_document(text, "f").value == {}


def test_positions():
    """Positions count from 1, of values and of keys, in block and in flow style, also after letters outside ASCII."""
    document = parse_document("a:\n  b: [x, {ü: 日, c: 5}]\n", "f")

    assert document.position(()) == Position("f", 1, 1)
    assert document.position(("a", "b")) == Position("f", 2, 6)
    assert document.position(("a", "b"), key=True) == Position("f", 2, 3)
    assert document.position(("a", "b", 1, "c")) == Position("f", 2, 20)
    assert document.position(("a", "b", 1, "c"), key=True) == Position("f", 2, 17)
    assert document.position(("a", "b", 0), key=True) == Position("f", 2, 7)


@pytest.mark.parametrize("path", [("a", "x"), ("a", "x", "y"), ("a", 0), ("a", "b", "z")])
def test_position_of_what_is_missing(path):
    """Of what the document does not have, the position is that of the nearest thing around it."""
    document = parse_document("\na: {b: 1}\n", "f")

    assert document.position(path) == Position("f", 2, 8 if "b" in path else 4)


def test_alias_is_written_out():
    """An alias is a copy of its own, standing where the anchor stands."""
    document = parse_document("a: &x {b: 1}\nc: *x\n", "f")

    assert document.value == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.value["a"] is not document.value["c"]
    assert document.position(("c", "b")) == Position("f", 1, 11)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\nb: 2\na: 3\n", (3, 1)),
        ("a: {b: 1, b: 2}", (1, 11)),
        ("a: !!python/object/apply:os.system ['true']", (1, 4)),
        ("a: !!str 5", (1, 4)),
        ("!!map {a: 1}", (1, 1)),
        ("<<: {a: 1}", (1, 1)),
        ("a: &x [*x]", (1, 8)),
        ("a: *nowhere", (1, 4)),
        ("? [a]\n: 1", (1, 3)),
        ("a: {{ name }}", (1, 5)),
        ("a: 1\n---\nb: 1", (2, 1)),
        ("- a", (1, 1)),
        ("just text", (1, 1)),
        (": 1", (1, 1)),
        ("a:\n\t- b", (2, 1)),
        ("a: 'open\nb: 1", (1, 4)),
        ("a: \x07", (1, 4)),
        ("a: 1\r\nb: \x85", (2, 4)),
        ("a: \ud800", (1, 4)),
        ("a: " + "9" * 5000, (1, 4)),
        ("%YAML 1.1\n---\na: 1", (1, 1)),
        ("a: 1\r\n...\r\n%YAML 1.3\r\n---\r\nb: 1", (3, 1)),
        ("a: !x!y z", (1, 4)),
    ],
)
def test_what_is_refused(text, place):
    """What is surprising or broken is refused with its line and column."""
    assert _place(text) == place


def test_no_source_line_in_the_message():
    """A syntax error does not quote the file: the line may hold a password."""
    for text in (
        "p: *hunter2",
        "p: !hunter2 x",
        "p: {hunter2",
        "p: 'hunter2",
        "p: hunter2: x",
        "%TAG !h! hunter2\n",
    ):
        error = _error(text)
        assert "hunter2" not in f"{error!r} {error.__cause__!r} {error.__context__!r}"


def test_depth_limit():
    """Fifty levels are read, more are refused: written out, endless, or by an alias."""
    assert parse_document("a: " + "[" * 49 + "]" * 49, "f").value
    assert _place("a: " + "[" * 50 + "]" * 50) == (1, 53)
    assert _place("[" * 20_000) == (1, 51)
    assert _place("a: &x " + "[" * 30 + "]" * 30 + "\nb: " + "[" * 30 + "*x" + "]" * 30) == (2, 34)


def test_node_limit():
    """Ten thousand values are read, more are refused."""
    assert len(parse_document("a: [" + "1," * 9_998 + "]", "f").value["a"]) == 9_998
    assert "more than 10000 values" in _error("a: [" + "1," * 9_999 + "]").message


def test_alias_bomb():
    """A few hundred bytes that would expand to billions of values are refused while they are read."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]

    assert "aliases written out" in _error("\n".join(lines)).message


def test_size_limit(tmp_path: Path):
    """A file of more than 1 MiB is refused unread."""
    file = tmp_path / "f.yaml"
    file.write_text("# " + "x" * 1024 * 1024)

    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        load_document(file)


@pytest.mark.parametrize(
    ("data", "place"), [(b"a: 1\nb: \xff\n", (2, 4)), ("a: 1".encode("utf-16"), (1, 1)), (b"\xc3", (1, 1))]
)
def test_file_that_is_not_utf8(tmp_path: Path, data, place):
    """A file in another encoding is refused at its first wrong byte."""
    file = tmp_path / "f.yaml"
    file.write_bytes(data)

    with pytest.raises(ConfigError, match="not UTF-8") as raised:
        load_document(file)
    assert raised.value.problems[0].position == Position(str(file), *place)


def test_load(tmp_path: Path):
    """A file is read with its path as its name."""
    file = tmp_path / "f.yaml"
    file.write_text("a: ü\n", encoding="utf-8")

    document = load_document(file)

    assert (document.name, document.value) == (str(file), {"a": "ü"})


def test_load_what_cannot_be_read(tmp_path: Path):
    """A missing file and a folder are errors that name them."""
    for path in (tmp_path / "missing.yaml", tmp_path):
        with pytest.raises(ConfigError, match=re.escape(f"{path} cannot be read")):
            load_document(path)


def test_error_without_a_place():
    """A parser's error that names no place is placed at the beginning."""
    error = _syntax_error("f.yaml", "", YAMLError())

    assert str(error) == "f.yaml:1:1: this is not valid YAML"
