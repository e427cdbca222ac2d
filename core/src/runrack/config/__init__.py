"""Configuration: the vocabulary of schemas, YAML with positions, values from outside, secrets, and problems one can act on.

The names below are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runrack.config.document import Document, load_document, parse_document
    from runrack.config.evaluation import EvaluateValueResult, evaluate, evaluate_or_raise
    from runrack.config.problem import ConfigProblem, Position, nearest, render
    from runrack.config.secret import Secret, has_secrets, redact, register_secret
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

_MODULES = {
    "document": ("Document", "load_document", "parse_document"),
    "evaluation": ("EvaluateValueResult", "evaluate", "evaluate_or_raise"),
    "problem": ("ConfigProblem", "Position", "nearest", "render"),
    "secret": ("Secret", "has_secrets", "redact", "register_secret"),
    "vocabulary": (
        "AnyValue",
        "Array",
        "Bool",
        "BoolSource",
        "ConfigType",
        "Enum",
        "Field",
        "Float",
        "Int",
        "IntSource",
        "Map",
        "Noneable",
        "Permissive",
        "Selector",
        "Shape",
        "String",
        "StringSource",
        "Union",
        "json_schema",
        "resolve_field",
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AnyValue",
    "Array",
    "Bool",
    "BoolSource",
    "ConfigProblem",
    "ConfigType",
    "Document",
    "Enum",
    "EvaluateValueResult",
    "Field",
    "Float",
    "Int",
    "IntSource",
    "Map",
    "Noneable",
    "Permissive",
    "Position",
    "Secret",
    "Selector",
    "Shape",
    "String",
    "StringSource",
    "Union",
    "evaluate",
    "evaluate_or_raise",
    "has_secrets",
    "json_schema",
    "load_document",
    "nearest",
    "parse_document",
    "redact",
    "register_secret",
    "render",
    "resolve_field",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
