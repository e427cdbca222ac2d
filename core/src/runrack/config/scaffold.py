"""A YAML text to fill in, made from a schema: what must be given with a value of its type, all else commented out.

The text satisfies the schema as it stands. A line that is commented out counts when its `# ` is removed, with those above
it that it lies in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from runrack.config.scalar import ConfigType, Scalar
from runrack.config.vocabulary import Array, Field, Map, Noneable, Selector, Shape, Union

_INDENT = "  "
_PLAIN_KEY = re.compile(r"(?!(?:true|false|null)$)[A-Za-z_][\w.-]*", re.ASCII | re.IGNORECASE)


def scaffold_yaml(schema: Shape) -> str:
    """Return the YAML text for a schema: a line for each setting, with its default, its type and what it means."""
    return "".join(f"{line}\n" for line in _lines(schema, "", is_active=True))


def _lines(shape: Shape, indent: str, *, is_active: bool) -> Iterator[str]:
    for name, field in shape.fields.items():
        if field.renamed_to is None and not _says_nothing(field):
            yield from _field_lines(_key(name), field, indent, is_active=is_active)


def _field_lines(key: str, field: Field, indent: str, *, is_active: bool) -> Iterator[str]:
    is_commented = is_active and not _is_needed(field)
    before = f"{indent}# " if is_commented else indent
    inner = field.config_type
    if _is_written_out(field) and isinstance(inner, Shape):
        yield f"{before}{key}:{_comment(field.description)}"
        for line in _lines(inner, _INDENT, is_active=is_active and not is_commented):
            yield f"{before}{line}"
        return
    value = field.default_value if field.default_provided else sample_of(inner)
    required = "required" if field.is_required else None
    yield f"{before}{key}: {_text(value)}{_comment(required, _type_text(inner), field.description)}"


def _is_written_out(field: Field) -> bool:
    """Tell whether the fields of a mapping are shown, rather than a default for it as a whole."""
    inner = field.config_type
    if not isinstance(inner, Shape) or not inner.fields:
        return False
    if field.default_provided:
        return bool(field.default_value == {})
    return not field.is_required or any(_is_needed(each) for each in inner.fields.values())


def _is_needed(field: Field) -> bool:
    """Tell whether the field, or one in it, must be given."""
    inner = field.config_type
    if not _is_written_out(field) or not isinstance(inner, Shape):
        return field.is_required
    may_be_left_out = not field.is_required and not field.default_provided
    return not may_be_left_out and any(_is_needed(each) for each in inner.fields.values())


def _says_nothing(field: Field) -> bool:
    """Tell whether there is nothing to configure: a mapping of such fields, or any value with none as its default."""
    inner = field.config_type
    if _is_written_out(field) and isinstance(inner, Shape):
        return all(_says_nothing(each) for each in inner.fields.values())
    return field.default_provided and field.default_value in (None, {}) and not isinstance(inner, Noneable)


def sample_of(config_type: ConfigType) -> Any:
    """Return a value that satisfies the type."""
    sample: Any = None
    match config_type:
        case Scalar():
            sample = config_type.sample
        case Array():
            sample = []
        case Map():
            sample = {}
        case Shape():
            needed = {name: field for name, field in config_type.fields.items() if field.is_required}
            sample = {name: sample_of(field.config_type) for name, field in needed.items()}
        case Selector():
            name, field = next(iter(config_type.fields.items()))
            sample = {name: field.default_value if field.default_provided else sample_of(field.config_type)}
        case Union():
            sample = sample_of(config_type.inner[0])
    return sample


def _type_text(config_type: ConfigType) -> str:
    """Return in a few words what a value of the type is."""
    text = "anything"
    match config_type:
        case Scalar():
            text = config_type.expectation
        case Array():
            text = f"a list, each item {_type_text(config_type.inner)}"
        case Noneable():
            text = f"{_type_text(config_type.inner)}, or null"
        case Selector():
            text = f"one of {', '.join(config_type.fields)}"
        case Union():
            text = " or ".join(map(_type_text, config_type.inner))
        case Map() | Shape():
            text = "a mapping"
    return text


def _key(name: str) -> str:
    return name if _PLAIN_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _text(value: Any) -> str:
    """Return a value as JSON, which is YAML, too."""
    return json.dumps(value, ensure_ascii=False)


def _comment(*parts: str | None) -> str:
    said = [" ".join(part.split()) for part in parts if part]
    return f"  # {'; '.join(said)}" if said else ""
