"""What holds for any schema, any value and any file."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runrack.config.document import load_document, parse_document
from runrack.config.evaluation import evaluate, evaluate_or_raise
from runrack.config.problem import Position
from runrack.config.schema_reader import read_field
from runrack.config.secret import redact
from runrack.config.validation import _validator_class
from runrack.config.vocabulary import (
    AnyValue,
    Array,
    Bool,
    ConfigType,
    Enum,
    Field,
    Float,
    Int,
    Map,
    Noneable,
    Permissive,
    Selector,
    Shape,
    String,
    Union,
    json_schema,
)
from runrack.errors import ConfigError

_NAMES = ["a", "b", "port", "x-c"]
_FIELD_NAMES = ["a", "b", "port"]

_scalar_types = st.sampled_from(
    [
        *(String(), Int(), Float(), Bool(), AnyValue(), Enum("E", ["a", "b"])),
        *(Int(minimum=1), Int(maximum=-1), Float(minimum=-1, maximum=0.5)),
    ]
)


def _fields(types: st.SearchStrategy[ConfigType], min_size: int) -> st.SearchStrategy[dict[str, Field]]:
    field = st.builds(lambda config, required: Field(config, is_required=required), types, st.booleans())
    return st.dictionaries(st.sampled_from(_FIELD_NAMES), field, min_size=min_size, max_size=3)


def _composite_types(types: st.SearchStrategy[ConfigType]) -> st.SearchStrategy[ConfigType]:
    return st.one_of(
        st.builds(Noneable, types),
        st.builds(Array, types),
        st.builds(Map, types),
        st.builds(Union, types, types),
        st.builds(Shape, _fields(types, 0)),
        st.builds(Permissive, _fields(types, 0)),
        st.builds(Selector, _fields(types, 1)),
    )


_types = st.recursive(_scalar_types, _composite_types, max_leaves=6)
_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 3),
        st.sampled_from([0.5, 1.0, float("inf")]),
        st.sampled_from(["", "a", "b", "port", "z"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*_NAMES, "z"]), inner, max_size=3)
    ),
    max_leaves=8,
)
_reference = st.sampled_from([{"env": "SET"}, {"file": "f"}])
_values_with_references = st.recursive(
    st.one_of(_values, _reference),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(_FIELD_NAMES), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(_types, _values)
@settings(max_examples=600, deadline=None)
def test_evaluation_and_schema_agree(config: ConfigType, value: Any):
    """A value without references is accepted exactly if its JSON Schema accepts it, and a refusal has a reason."""
    result = evaluate(config, value, environ={})

    assert result.success == _validator_class()(json_schema(config)).is_valid(value)
    assert result.success == (not result.problems)
    assert all(problem.message != "the value does not fit its schema" for problem in result.problems)


@given(_types, _values_with_references)
@settings(max_examples=400, deadline=None)
def test_unresolved_evaluation_and_schema_agree(config: ConfigType, value: Any):
    """The same holds for values with references that are kept."""
    result = evaluate(config, value, resolve=False)

    assert result.success == _validator_class()(json_schema(config)).is_valid(value)


@given(_types, _values)
@settings(max_examples=200, deadline=None)
def test_evaluation_is_stable(config: ConfigType, value: Any):
    """What evaluation made of a value, evaluation leaves as it is."""
    result = evaluate(config, value, environ={})

    if result.success:
        assert evaluate(config, result.value, environ={}).value == result.value


_CANARY = 'cAnArY/7+é "hunter2" 98765432101234'
_canaries = st.sampled_from(
    [
        _CANARY,
        98765432101234,
        98765432101234.5,
        [_CANARY],
        {"nested": _CANARY},
        {"a": [_CANARY]},
        {"env": "CANARY"},
    ]
)


@given(
    _types,
    st.recursive(
        st.one_of(_canaries, _values),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from([*_NAMES, "evn", "prot"]), inner, max_size=3),
        ),
        max_leaves=6,
    ),
)
@settings(max_examples=600, deadline=None)
def test_no_value_in_an_error(config: ConfigType, value: Any):
    """Whatever is wrong with a value, neither the message nor the repr, the problems, the traceback or its causes show it."""
    error = _error(lambda: evaluate_or_raise(config, value, environ={"CANARY": _CANARY}))

    if error is not None:
        shown = [str(error), repr(error), repr(error.problems), *traceback.format_exception(error)]
        assert error.__context__ is None
        assert _leaks("\n".join(shown)) == []


@given(
    st.sampled_from(
        ["p: %s: x", "p: *%s", "p: !%s x", "p: {a: %s", "p: 'a%s", '"%s', "- %s", "%s", "p: %s\n\tq: 1"]
    )
)
def test_no_value_in_a_syntax_error(template: str):
    """A file that cannot be read is not quoted."""
    with pytest.raises(ConfigError) as raised:
        parse_document(template % "hunter2", "f.yaml")

    assert _leaks("".join(traceback.format_exception(raised.value)).split("ConfigError:", 1)[1]) == []


def test_canary_of_a_wrong_file(tmp_path: Path):
    """The path and the content of a file that a reference cannot use are not shown."""
    (tmp_path / "hunter2").write_text("hunter2 is no number")

    result = evaluate(
        {"a": Int(), "b": String()},
        {"a": {"file": "hunter2"}, "b": {"file": "hunter2-missing"}},
        base_dir=tmp_path,
    )

    assert len(result.problems) == 2
    assert _leaks(repr(result)) == []


@given(st.text(st.characters(codec="utf-8"), min_size=4), st.text(max_size=10))
@settings(max_examples=100, deadline=None)
def test_any_secret_is_redacted(secret: str, around: str):
    """Any text that a reference brought is redacted in each of its forms."""
    evaluate_or_raise(String(), {"env": "S"}, environ={"S": secret})

    for form in (
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode(),
    ):
        assert "***" in redact(f"{around}{form}{around}")


def _leaks(shown: str) -> list[str]:
    forms = ("hunter2", "98765432101234", "cAnArY")
    return [form for form in forms if form in shown]


_SEED = """\
# storage of the runs
storage: &storage
  postgres:
    postgres_db: {hostname: db, username: rack, password: {env: PGPASSWORD}, db_name: "rack", port: 5432}
run_coordinator:
  module: runrack_queue
  class: 'QueuedRunCoordinator'
  config:
    max_concurrent_runs: 25
    tag_concurrency_limits:
      - {key: team, value: {applyLimitPerUniqueValue: true}, limit: 4}
      - key: größe
        limit: 0x10
x-note: |
  a block
  of text
x-more: [*storage, ~, 1.5, 22:30]
"""
_SNIPPETS = [
    "", " ", "  ", "\t", "\n", "\r", ":", ": ", "- ", "? ", "{", "}", "[", "]", ",", "'", '"', "\\", "|", ">", "&a ", "*a ", "*storage",
    "!", "!!str ", "#", "%", "%YAML 1.3\n", "---\n", "...\n", "@", "`", "<<: ", "~", "é", "日", "\ufeff", "\u2028", "\x00", "\x85",
    "[" * 60, "storage:\n", "null", "\U0001f600", "\ud800", "0x", "!!binary ",
]  # fmt: skip


@st.composite
def _mutated_files(draw: st.DrawFn) -> str:
    text = _SEED
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 8))
        text = text[:start] + draw(st.sampled_from(_SNIPPETS)) + text[end:]
    return text


@given(_mutated_files())
@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example("%TAG ! tag:x,2000:\n---\na: !b c")
@example("? |\n  a\n: b")
@example("a: &b\n*b : c")
def test_mutated_file(schema: Shape, text: str):
    """A damaged file is read, or refused with a line and column that the file has; never anything else."""
    error = _error(lambda: _read(text, schema))

    if error is not None:
        assert error.problems
        assert all(_is_in(text, problem.position) for problem in error.problems)
        assert len(error.message.splitlines()) <= 11


@given(st.binary(max_size=200))
@settings(max_examples=500, deadline=None)
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes):
    """A file of any bytes is read or refused with a position."""
    file = tmp_path_factory.getbasetemp() / "bytes.yaml"
    file.write_bytes(data)

    error = _error(lambda: load_document(file))

    assert error is None or error.problems[0].position is not None


def _read(text: str, schema: Shape) -> Any:
    document = parse_document(text, "f.yaml")
    return evaluate_or_raise(schema, document.value, document=document, resolve=False)


def _error(read: Callable[[], Any]) -> ConfigError | None:
    try:
        read()
    except ConfigError as error:
        return error
    return None


def _is_in(text: str, position: Position | None) -> bool:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return (
        position is not None
        and 1 <= position.line <= len(lines)
        and 1 <= position.column <= len(lines[position.line - 1]) + 1
    )


@given(_types, _values)
def test_a_schema_leads_back_to_its_type(config, value):
    """The type that is read from a schema has the same schema and says the same about any value."""
    field = Field(config, is_required=True)
    read = read_field(field.json_schema())
    assert read.json_schema() == field.json_schema()
    assert evaluate(read, value, resolve=False) == evaluate(field, value, resolve=False)


def test_a_schema_of_a_field_keeps_what_surrounds_the_type():
    """Defaults, descriptions and new names of fields survive the way through a schema."""
    shape = Shape(
        {
            "old": Field(int, renamed_to="new", description="The old one."),
            "new": Field(int),
            "switch": Field(bool, default_value=False),
            "pin": Field(str, is_required=False, is_secret=True),
            "path": Field(str, is_required=False, is_secret=False),
            "rest": Field(Permissive(), is_required=False),
        },
        "A shape.",
    )
    read = read_field(Field(shape).json_schema())
    assert json_schema(read) == json_schema(shape)
    result = evaluate(read, {"old": 3})
    assert (result.value, len(result.warnings)) == ({"new": 3, "switch": False}, 1)


def test_a_foreign_schema_is_taken_for_any_value():
    """What the vocabulary cannot say does not get in the way."""
    for schema in ({"oneOf": []}, {"type": ["string", "null"]}, {"$ref": "#/x"}, {"type": "null"}):
        assert evaluate(read_field(schema), ["anything"]).success
