"""What a type annotation says about a value, as far as that can be checked while a job runs.

Classes, unions, None and the outer class of a generic (`list` of `list[int]`) are checked. Everything else (type variables,
protocols, annotations that cannot be evaluated) accepts any value: a check that guesses would refuse good values.
"""

from __future__ import annotations

import types
from typing import Any, Union, get_args, get_origin


def accepts(annotation: Any, value: Any) -> bool:
    """Tell whether the value may stand where the annotation is; as in static typing, an int is a float."""
    if annotation is None or annotation is type(None):
        return value is None
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType}:
        return any(accepts(member, value) for member in get_args(annotation))
    expected = origin or annotation
    if expected is Any or not isinstance(expected, type) or getattr(expected, "_is_protocol", False):
        return True
    if expected is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if expected is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, expected)


def type_name(annotation: Any) -> str:
    """Return the annotation as a reader writes it."""
    if annotation is None:
        return "None"
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation.__name__
    return str(annotation).replace("typing.", "")
