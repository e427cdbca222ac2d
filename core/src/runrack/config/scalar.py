"""The config types of single values: text, numbers, switches, names out of a list."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from typing_extensions import override

from runrack.config.problem import ProblemCode
from runrack.config.reference import (
    Reference,
    UnresolvedReferenceError,
    looks_like_reference,
    parse_reference,
)
from runrack.config.secret import Secret, register_secret, register_url_password
from runrack.config.walk import References, Site
from runrack.errors import InvalidDefinitionError

# patterns are text: `re` compiles them when they are first used, not when this module is imported
_INTEGER = r"\s*[-+]?[0-9]{1,18}\s*"
_FLOAT = r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*"
_FALSE = frozenset({"false", "none", "0", "no", "off", ""})
_TRUE = frozenset({"true", "1", "yes", "on"})


class ConfigType(ABC):
    """What a configuration value may be.

    A type says it twice: in JSON Schema, for editors and for messages, and in `fill`, which needs no validator. The two accept
    the same values; a test holds them to it.
    """

    @abstractmethod
    def takes(self, value: Any) -> bool:
        """Whether the value is of the kind that this type looks into; a reference counts as a single value."""

    @abstractmethod
    def json_schema(self, *, references: bool = True) -> dict[str, Any]:
        """The type as JSON Schema.

        Args:
            references: Allow a reference wherever a single value stands; it is defined in `#/$defs/reference`. Without, the
                schema is for what `fill` has made of a value, to explain what is wrong with it.
        """

    @abstractmethod
    def _fill_taken(self, value: Any, site: Site) -> Any:
        """As `fill`, for a value that this type takes."""

    def fill(self, value: Any, site: Site) -> Any:
        """The value with its references resolved and its defaults in place.

        What does not fit is noted at the site and returned as it is.
        """
        if self.takes(value):
            return self._fill_taken(value, site)
        site.misfit()
        return value


class Scalar(ConfigType):
    """A single value, in whose place a reference may stand.

    Attributes:
        expectation: What the value is, in the words of a message.
        sample: Any value of this type.
    """

    expectation: str
    sample: Any

    @abstractmethod
    def accepts(self, value: Any) -> bool:
        """Whether this is a value of the type."""

    @abstractmethod
    def parse(self, text: str) -> Any:
        """The value that a text from outside the configuration stands for, or None when it stands for none."""

    @abstractmethod
    def value_schema(self) -> dict[str, Any]:
        """The JSON Schema of the value itself."""

    @override
    def takes(self, value: Any) -> bool:
        return self.accepts(value) or looks_like_reference(value)

    @override
    def json_schema(self, *, references: bool = True) -> dict[str, Any]:
        schema = self.value_schema()
        return {"anyOf": [schema, {"$ref": "#/$defs/reference"}]} if references else schema

    @override
    def _fill_taken(self, value: Any, site: Site) -> Any:
        if not looks_like_reference(value):
            return _guarded(value, site, is_literal=True)
        reference = parse_reference(value)
        if reference is None:
            site.report(
                "a reference is {env: NAME}, {env: NAME, default: VALUE} or {file: PATH}, and nothing else",
                ProblemCode.BAD_REFERENCE,
            )
            return self.sample
        if not all(map(self.accepts, reference.default)):
            site.down("default").report(
                f"expected {self.expectation}, as for the value itself", ProblemCode.REFERENCE_TYPE
            )
            return self.sample
        if site.walk.references is References.RESOLVE:
            return self._resolve(reference, site)
        return value if site.walk.references is References.KEEP else self.sample

    def _resolve(self, reference: Reference, site: Site) -> Any:
        try:
            text = reference.read(site.walk.environ, site.walk.base_dir)
        except UnresolvedReferenceError as error:
            site.report(str(error), ProblemCode.UNRESOLVED_REFERENCE)
            return self.sample
        if text is None:
            return _guarded(reference.default[0], site, is_literal=True)
        value = self.parse(text)
        if value is None or not self.accepts(value):
            site.report(f"{reference.origin} does not hold {self.expectation}", ProblemCode.REFERENCE_TYPE)
            return self.sample
        return _guarded(value, site, is_literal=False)


def _guarded(value: Any, site: Site, *, is_literal: bool) -> Any:
    """The value, wrapped and known to `redact` if it is a secret at its place."""
    if not (isinstance(value, str) and site.walk.references is References.RESOLVE):
        return value
    is_secret = site.is_secret is True if is_literal else site.is_secret is not False
    if not is_secret:
        register_url_password(value)
        return value
    register_secret(value)
    return Secret(value)


class String(Scalar):
    """Text. A number is none: `version: 1.10` would lose its zero."""

    expectation = "text"
    sample = ""

    @override
    def accepts(self, value: Any) -> bool:
        return isinstance(value, str)

    @override
    def parse(self, text: str) -> str:
        return text

    @override
    def value_schema(self) -> dict[str, Any]:
        return {"type": "string"}


class Number(Scalar):
    """A number within bounds, if it has any; both bounds are allowed values.

    Args:
        minimum: The least value; None for no bound.
        maximum: The greatest value; None for no bound.

    Raises:
        InvalidDefinitionError: The minimum is above the maximum.
    """

    json_type: str
    minimum: float | None = None
    maximum: float | None = None

    def __init__(self, minimum: float | None = None, maximum: float | None = None) -> None:
        if minimum is not None and maximum is not None and minimum > maximum:
            raise InvalidDefinitionError(
                f"{type(self).__name__}: the minimum {minimum} is above the maximum {maximum}"
            )
        self.minimum = minimum
        self.maximum = maximum
        self.expectation = f"{self.expectation} {range_text(minimum, maximum)}".rstrip()
        if not self.is_within(self.sample):
            self.sample = maximum if minimum is None else minimum

    def is_within(self, value: float) -> bool:
        """Whether the number is within the bounds."""
        return (self.minimum is None or value >= self.minimum) and (
            self.maximum is None or value <= self.maximum
        )

    @override
    def value_schema(self) -> dict[str, Any]:
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        return {"type": self.json_type} | {key: bound for key, bound in bounds.items() if bound is not None}


def range_text(minimum: float | None, maximum: float | None) -> str:
    """The bounds in words that follow "a number"; empty without bounds."""
    if minimum is None:
        return "" if maximum is None else f"of at most {maximum}"
    return f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"


class Int(Number):
    """A whole number, within bounds if it has any."""

    expectation = "a whole number"
    json_type = "integer"
    sample = 0

    @override
    def accepts(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.is_within(value)

    @override
    def parse(self, text: str) -> int | None:
        return int(text) if re.fullmatch(_INTEGER, text) else None


class Float(Number):
    """A number, within bounds if it has any; a whole one is as good."""

    expectation = "a number"
    json_type = "number"
    sample = 0.0

    @override
    def accepts(self, value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and self.is_within(value)

    @override
    def parse(self, text: str) -> float | None:
        return float(text) if re.fullmatch(_FLOAT, text) else None


class Bool(Scalar):
    """True or false; in an environment variable also yes, no, on, off, 1, 0, none and the empty text, in any case."""

    expectation = "true or false"
    sample = False

    @override
    def accepts(self, value: Any) -> bool:
        return isinstance(value, bool)

    @override
    def parse(self, text: str) -> bool | None:
        word = text.strip().lower()
        if word in _FALSE:
            return False
        return True if word in _TRUE else None

    @override
    def value_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class StringSource(String):
    """Text, usually from the environment. The same as `String`: a reference may stand in every field."""


class IntSource(Int):
    """A whole number, usually from the environment. The same as `Int`: a reference may stand in every field."""


class BoolSource(Bool):
    """A switch, usually from the environment. The same as `Bool`: a reference may stand in every field."""


class Enum(Scalar):
    """One of a list of names.

    Args:
        name: What the list is called.
        values: The names, at least one.

    Raises:
        InvalidDefinitionError: A value is no text, or there is none.
    """

    def __init__(self, name: str, values: Iterable[str]) -> None:
        self.name = name
        self.values = tuple(values)
        if not self.values or not all(isinstance(value, str) for value in self.values):
            raise InvalidDefinitionError(
                f"Enum {name!r}: expected at least one value, every one of them text"
            )
        self.expectation = "one of " + ", ".join(self.values)
        self.sample = self.values[0]

    @override
    def accepts(self, value: Any) -> bool:
        return isinstance(value, str) and value in self.values

    @override
    def parse(self, text: str) -> str | None:
        return text if text in self.values else None

    @override
    def value_schema(self) -> dict[str, Any]:
        return {"title": self.name, "type": "string", "enum": list(self.values)}


class AnyValue(ConfigType):
    """Any value at all; a well-formed reference anywhere in it is resolved, as text."""

    @override
    def takes(self, value: Any) -> bool:
        return True

    @override
    def json_schema(self, *, references: bool = True) -> dict[str, Any]:
        return {}

    @override
    def _fill_taken(self, value: Any, site: Site) -> Any:
        if parse_reference(value) is not None:
            return _ANY_TEXT.fill(value, site)
        if isinstance(value, dict):
            return {key: self.fill(item, site.down(key)) for key, item in site.items(value)}
        if isinstance(value, list):
            return [self.fill(item, site.down(index)) for index, item in enumerate(value)]
        return value


class _AnyText(String):
    """The text that a reference in a place for any value brings; its default may be of any type."""

    @override
    def accepts(self, value: Any) -> bool:
        return not looks_like_reference(value)


_ANY_TEXT = _AnyText()
