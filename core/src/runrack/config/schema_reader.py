"""The way back from JSON Schema to a config type: how the configuration of a plugin is checked without importing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runrack.config.scalar import AnyValue, Bool, ConfigType, Enum, Float, Int, Number, String
from runrack.config.vocabulary import Array, Field, Map, Noneable, Permissive, Selector, Shape, Union

_SCALARS: dict[str, type[ConfigType]] = {"string": String, "boolean": Bool}
_NUMBERS: dict[str, type[Number]] = {"integer": Int, "number": Float}


def read_field(schema: Mapping[Any, Any], *, is_required: bool = True) -> Field:
    """The Field whose `json_schema()` this is.

    What the vocabulary of runrack cannot say is taken for any value.

    Args:
        schema: What `Field.json_schema` gave, in this or in another process.
        is_required: Whether a value must be given where there is no default.

    Raises:
        InvalidDefinitionError: A default does not fit, or the names in the schema contradict each other.
    """
    about: dict[str, Any] = {
        "description": schema.get("description"),
        "is_secret": schema.get("x-secret"),
        "renamed_to": schema.get("x-renamed-to"),
    }
    if "default" in schema:
        about["default_value"] = schema["default"]
    elif about["renamed_to"] is None:
        about["is_required"] = is_required
    return Field(_read_type(schema), **about)


def _read_type(schema: Mapping[Any, Any]) -> ConfigType:
    match schema:
        case {"anyOf": [*alternatives]}:
            return _read_alternatives(alternatives, schema.get("description"))
        case {"enum": [*names]}:
            return Enum(schema.get("title", "name"), names)
        case {"type": "array", "items": {**items}}:
            return Array(_read_type(items))
        case {"type": "object"}:
            return _read_mapping(schema)
        case {"type": str(kind)}:
            return _read_single(kind, schema)
    return AnyValue()


def _read_single(kind: str, schema: Mapping[Any, Any]) -> ConfigType:
    if kind in _NUMBERS:
        return _NUMBERS[kind](_bound(schema.get("minimum")), _bound(schema.get("maximum")))
    return _SCALARS.get(kind, AnyValue)()


def _bound(value: Any) -> float | None:
    return value if isinstance(value, int | float) else None


def _read_alternatives(alternatives: list[Any], description: str | None) -> ConfigType:
    match alternatives:
        case [{**value}, {"$ref": _}]:
            return _read_type(value)
        case [{**inner}, {"type": "null"}]:
            return Noneable(_read_type(inner))
        case [{"minProperties": 1, "properties": {**fields}}, {"enum": [*_]}]:
            return Selector(_read_fields(fields), description)
    return Union(*map(_read_type, alternatives))


def _read_mapping(schema: Mapping[Any, Any]) -> ConfigType:
    description = schema.get("description")
    match schema:
        case {"additionalProperties": {**values}}:
            return Map(_read_type(values))
        case {"minProperties": 1, "properties": {**fields}}:
            return Selector(_read_fields(fields), description)
        case {"additionalProperties": False, "properties": {**fields}}:
            return Shape(_read_fields(fields, schema.get("required", ())), description)
        case {"properties": {**fields}}:
            return Permissive(_read_fields(fields, schema.get("required", ())), description)
    return Permissive()


def _read_fields(schemas: Mapping[Any, Any], required: Any = None) -> dict[str, Field]:
    """The fields by name; where nothing is said about required ones, as in a Selector, each one is."""
    return {
        name: read_field(schema, is_required=required is None or name in required)
        for name, schema in schemas.items()
    }
