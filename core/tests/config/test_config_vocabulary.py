"""Schemas: what a shorthand stands for, what is refused, and the JSON Schema of each type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from runrack.config.vocabulary import (
    AnyValue,
    Array,
    Bool,
    BoolSource,
    ConfigType,
    Enum,
    Field,
    Float,
    Int,
    IntSource,
    Map,
    Noneable,
    Permissive,
    Selector,
    Shape,
    String,
    StringSource,
    Union,
    json_schema,
    resolve_field,
)
from runrack.errors import InvalidDefinitionError


@pytest.mark.parametrize(
    ("shorthand", "expected"),
    [
        (str, String),
        (int, Int),
        (float, Float),
        (bool, Bool),
        (dict, Permissive),
        (list, Array),
        (None, AnyValue),
        (Any, AnyValue),
        ({"a": int}, Shape),
        ([int], Array),
        ([Field(int)], Array),
        (StringSource, StringSource),
        (StringSource(), StringSource),
        (IntSource, IntSource),
        (BoolSource, BoolSource),
        (Permissive, Permissive),
        (Field(int), Int),
    ],
)
def test_shorthand(shorthand, expected):
    """Each shorthand stands for its type."""
    assert type(resolve_field(shorthand).config_type) is expected


def test_field_stands_for_itself():
    """A Field is not wrapped again."""
    field = Field(int)

    assert resolve_field(field) is field


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: resolve_field(5), "a config type is expected, not a value of type int"),
        (lambda: resolve_field("str"), "a config type is expected, not a value of type str"),
        (lambda: resolve_field(bytes), "the class bytes is no config type"),
        (lambda: resolve_field(Noneable), "Noneable needs arguments to be a config type"),
        (lambda: resolve_field(ConfigType), "ConfigType needs arguments to be a config type"),
        (
            lambda: resolve_field([int, str]),
            "a list as a config type holds the type of its items, not 2 types",
        ),
        (lambda: resolve_field([]), "a list as a config type holds the type of its items, not 0 types"),
        (
            lambda: Shape({"a": {"b": 5}}),
            "field 'a': field 'b': a config type is expected, not a value of type int",
        ),
        (lambda: Shape([("a", int)]), "the fields of a Shape are a mapping, not a list"),
        (lambda: Shape({5: int}), "the key 5 of a Shape must be text and not begin with 'x-'"),
        (lambda: Selector({}), "a Selector needs at least one field to select from"),
        (Union, "a Union needs at least one inner type"),
        (lambda: Int(2, 1), "Int: the minimum 2 is above the maximum 1"),
        (lambda: Field(Int(minimum=1), 0), "the default_value of a Field does not fit the Field's own type"),
        (lambda: Enum("Level", []), "Enum 'Level': expected at least one value, every one of them text"),
        (lambda: Enum("Level", [1]), "Enum 'Level': expected at least one value, every one of them text"),
        (lambda: Field(int, "five"), "the default_value of a Field does not fit the Field's own type"),
        (lambda: Field(int, None), "the default_value of a Field does not fit the Field's own type"),
        (
            lambda: Field(int, 5, is_required=True),
            "a Field with a default_value or with renamed_to cannot have is_required=True",
        ),
        (
            lambda: Shape({"old": Field(int, renamed_to="new")}),
            "field 'old' is renamed to 'new', which is no field beside it",
        ),
        (lambda: Field(int).default_value, "this Field has no default_value"),
    ],
)
def test_malformed_schema(make, message):
    """A malformed schema is a definition error that names what is wrong."""
    with pytest.raises(InvalidDefinitionError) as raised:
        make()

    assert raised.value.message == message


@pytest.mark.parametrize(
    ("field", "is_required", "default_provided"),
    [
        (Field(int), True, False),
        (Field(int, 5), False, True),
        (Field(Noneable(int), None), False, True),
        (Field(int, is_required=False), False, False),
        (Field({"a": int}), True, False),
        (Field({"a": Field(int, 5)}), False, True),
        (Field({"a": Field(int, 5)}, is_required=True), True, False),
        (Field(Permissive()), False, True),
        (Field(int, renamed_to="new"), False, False),
    ],
)
def test_what_is_required(field, is_required, default_provided):
    """A field is required unless it has a default, a default of its own fields, a new name, or says that it is not."""
    assert (field.is_required, field.default_provided) == (is_required, default_provided)


def test_default_is_a_copy():
    """Whoever changes a default that was handed out does not change the field."""
    field = Field([int], [1])

    field.default_value.append(2)

    assert field.default_value == [1]


def test_default_may_be_a_reference():
    """A default can come from the environment."""
    assert Field(str, {"env": "HOME"}).default_value == {"env": "HOME"}


_REFERENCE = {"$ref": "#/$defs/reference"}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (str, {"anyOf": [{"type": "string"}, _REFERENCE]}),
        (IntSource, {"anyOf": [{"type": "integer"}, _REFERENCE]}),
        (float, {"anyOf": [{"type": "number"}, _REFERENCE]}),
        (BoolSource, {"anyOf": [{"type": "boolean"}, _REFERENCE]}),
        (Any, {}),
        (Enum("L", ["A"]), {"anyOf": [{"title": "L", "type": "string", "enum": ["A"]}, _REFERENCE]}),
        (Noneable(Any), {"anyOf": [{}, {"type": "null"}]}),
        ([Any], {"type": "array", "items": {}}),
        (Map(Any), {"type": "object", "additionalProperties": {}}),
        (Union(Any, [Any]), {"anyOf": [{}, {"type": "array", "items": {}}]}),
        (
            Shape({"a": Any, "b": Field(Any, 5, description="B")}, description="S"),
            {
                "type": "object",
                "properties": {"a": {}, "b": {"description": "B", "default": 5}},
                "required": ["a"],
                "patternProperties": {"^x-": {}},
                "additionalProperties": False,
                "description": "S",
            },
        ),
        (
            Permissive({"a": Any, "b": Field(Any, renamed_to="a")}),
            {
                "type": "object",
                "properties": {"a": {}, "b": {"deprecated": True, "x-renamed-to": "a"}},
                "required": ["a"],
            },
        ),
        (
            Selector({"a": Any, "b": [Any]}, description="S"),
            {
                "anyOf": [
                    {
                        "type": "object",
                        "properties": {"a": {}, "b": {"type": "array", "items": {}}},
                        "minProperties": 1,
                        "maxProperties": 1,
                        "additionalProperties": False,
                    },
                    {"type": "string", "enum": ["a"]},
                ],
                "description": "S",
            },
        ),
    ],
)
def test_json_schema(config, expected):
    """Each type compiles to its JSON Schema, with its description and default."""
    schema = json_schema(config)

    del schema["$schema"], schema["$defs"]
    assert schema == expected


def test_json_schema_of_a_file(schema):
    """The schema of a whole file is valid draft 2020-12, can be written as JSON, and accepts references."""
    compiled = json_schema(schema)

    Draft202012Validator.check_schema(compiled)
    assert json.loads(json.dumps(compiled)) == compiled
    validator = Draft202012Validator(compiled)
    good = {"storage": {"postgres": {"postgres_url": {"env": "URL", "default": "x"}}}, "compute_logs": None}
    assert [list(error.absolute_path) for error in validator.iter_errors(good)] == [["compute_logs"]]
    assert not validator.is_valid({"storage": {"postgres": {"postgres_url": {"env": "URL", "defualt": "x"}}}})
