"""Where a configuration holds secrets, read from its schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

SecretPath = tuple[str, ...]
"""The keys that lead to a secret; `*` is any key, and any item of a list."""

ANY = "*"


def secret_paths(schema: Mapping[str, Any]) -> list[SecretPath]:
    """Return where the values lie that are secrets even when they are written into the configuration, sorted.

    Args:
        schema: What `Field.json_schema` gave.
    """
    return sorted(set(_walk(schema, ())))


def below(paths: Iterable[SecretPath], part: str) -> list[SecretPath]:
    """Return those of the paths that lead through a key or item, from there on."""
    return [path[1:] for path in paths if path and path[0] in {part, ANY}]


def _walk(schema: Any, path: SecretPath) -> Iterator[SecretPath]:
    if not isinstance(schema, Mapping):
        return
    if schema.get("x-secret") is True:
        yield path
        return
    for name, field in schema.get("properties", {}).items():
        yield from _walk(field, (*path, name))
    for many in ("items", "additionalProperties"):
        yield from _walk(schema.get(many), (*path, ANY))
    for alternative in schema.get("anyOf", ()):
        yield from _walk(alternative, path)
