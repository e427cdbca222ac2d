"""The vocabulary in which a plugin, an op or a resource says what its configuration looks like.

Wherever a type is expected, a shorthand will do: `str`, `int`, `float`, `bool`, `dict`, `list`, `{...}` for a Shape, `[x]` for an
Array, None or Any for any value, a type's class for the type without arguments, and a Field for its type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from typing_extensions import override

from runrack.config.problem import ProblemCode
from runrack.config.reference import REFERENCE_SCHEMA
from runrack.config.scalar import (
    AnyValue,
    Bool,
    BoolSource,
    ConfigType,
    Enum,
    Float,
    Int,
    IntSource,
    Scalar,
    String,
    StringSource,
)
from runrack.config.walk import References, Site, Walk
from runrack.errors import InvalidDefinitionError, with_article

__all__ = [
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
    "Scalar",
    "Selector",
    "Shape",
    "String",
    "StringSource",
    "Union",
    "json_schema",
    "resolve_field",
]

_NO_DEFAULT: Any = object()
_EXTENSION_PREFIX = "x-"


class Field:
    """A value in a Shape: its type, whether it must be given, and what it is when it is not.

    A field is required unless it has a default or says otherwise. A mapping none of whose fields is required has the default
    `{}`, which then fills with the defaults of its fields.

    Args:
        config: The type, or a shorthand for it.
        default_value: What the value is when none is given.
        is_required: Whether a value must be given; False without a default leaves the key out.
        description: What the value means, for the editor and the documentation.
        is_secret: True for a value that is a secret even where the configuration holds it as it is; False if what a reference
            brings here (a path, a host) may be shown; None for what the field around this one says, and where none says
            anything, a secret if a reference brings it.
        renamed_to: The key that has taken this one's place; a value given here counts as given there, with a warning.

    Raises:
        InvalidDefinitionError: The type is none, or the arguments contradict each other.
    """

    def __init__(
        self,
        config: Any,
        default_value: Any = _NO_DEFAULT,
        is_required: bool | None = None,
        description: str | None = None,
        *,
        is_secret: bool | None = None,
        renamed_to: str | None = None,
    ) -> None:
        self.config_type = _resolve_type(config)
        self.description = description
        self.is_secret = is_secret
        self.renamed_to = renamed_to
        if default_value is _NO_DEFAULT and is_required is None and _can_be_empty(self.config_type):
            default_value = {}
        self.default_provided = default_value is not _NO_DEFAULT
        self._default_value = default_value
        if is_required and (self.default_provided or renamed_to is not None):
            raise InvalidDefinitionError(
                "a Field with a default_value or with renamed_to cannot have is_required=True"
            )
        self.is_required = not self.default_provided and renamed_to is None and is_required is not False
        if self.default_provided and not _fits(self, default_value):
            raise InvalidDefinitionError("the default_value of a Field does not fit the Field's own type")

    @property
    def default_value(self) -> Any:
        """A copy of the default.

        Raises:
            InvalidDefinitionError: There is none; ask `default_provided` first.
        """
        if not self.default_provided:
            raise InvalidDefinitionError("this Field has no default_value")
        return deepcopy(self._default_value)

    def fill(self, value: Any, site: Site) -> Any:
        """As `ConfigType.fill`."""
        inner = site if self.is_secret is None else site._replace(is_secret=self.is_secret)
        return self.config_type.fill(value, inner)

    def json_schema(self, *, references: bool = True) -> dict[str, Any]:
        """As `ConfigType.json_schema`, with the description and the default."""
        schema = self.config_type.json_schema(references=references)
        if self.description is not None:
            schema["description"] = self.description
        if self.default_provided:
            schema["default"] = self.default_value
        if self.renamed_to is not None:
            schema |= {"deprecated": True, "x-renamed-to": self.renamed_to}
        if self.is_secret is not None:
            schema["x-secret"] = self.is_secret
        return schema


class Noneable(ConfigType):
    """A value of the inner type, or null."""

    def __init__(self, inner: Any) -> None:
        self.inner = _resolve_type(inner)

    @override
    def takes(self, value: Any) -> bool:
        return value is None or self.inner.takes(value)

    @override
    def json_schema(self, *, references: bool = True) -> dict[str, Any]:
        return {"anyOf": [self.inner.json_schema(references=references), {"type": "null"}]}

    @override
    def _fill_taken(self, value: Any, site: Site) -> Any:
        return None if value is None else self.inner.fill(value, site)


class Array(ConfigType):
    """A list, every item of the inner type."""

    def __init__(self, inner: Any) -> None:
        self.inner = _resolve_type(inner)

    @override
    def takes(self, value: Any) -> bool:
        return isinstance(value, list)

    @override
    def json_schema(self, *, references: bool = True) -> dict[str, Any]:
        return {"type": "array", "items": self.inner.json_schema(references=references)}

    @override
    def _fill_taken(self, value: Any, site: Site) -> Any:
        return [self.inner.fill(item, site.down(index)) for index, item in enumerate(value)]


class Map(ConfigType):
    """A mapping with keys of the user's choice, every value of the inner type."""

    def __init__(self, inner: Any) -> None:
        self.inner = _resolve_type(inner)

    @override
    def takes(self, value: Any) -> bool:
        return isinstance(value, dict)

    @override
    def json_schema(self, *, references: bool = True) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": self.inner.json_schema(references=references)}

    @override
    def _fill_taken(self, value: Any, site: Site) -> Any:
        return {key: self.inner.fill(item, site.down(key)) for key, item in site.items(value)}


class Shape(ConfigType):
    """A mapping with known keys; any other key is an error, but for those that begin with `x-`, which are left out.

    Raises:
        InvalidDefinitionError: A field is not well formed, or is renamed to one that does not exist.
    """

    def __init__(self, fields: Mapping[str, Any], description: str | None = None) -> None:
        self.fields = _resolve_fields(type(self).__name__, fields)
        self.description = description
        for name, field in self.fields.items():
            if field.renamed_to is not None and field.renamed_to not in self.fields:
                raise InvalidDefinitionError(
                    f"field {name!r} is renamed to {field.renamed_to!r}, which is no field beside it"
                )

    @override
    def takes(self, value: Any) -> bool:
        return isinstance(value, dict)

    @override
    def json_schema(self, *, references: bool = True) -> dict[str, Any]:
        schema: dict[str, Any] = {
            "type": "object",
            "properties": _field_schemas(self.fields, references=references),
            "required": [name for name, field in self.fields.items() if field.is_required],
            **self._extra_schema(),
        }
        if self.description is not None:
            schema["description"] = self.description
        return schema

    @override
    def _fill_taken(self, value: Any, site: Site) -> Any:
        given = self._under_new_names(dict(site.items(value)), site)
        filled: dict[str, Any] = {}
        for name, field in self.fields.items():
            if name in given:
                filled[name] = field.fill(given.pop(name), site.down(name))
            elif field.default_provided:
                filled[name] = field.fill(field.default_value, site.down(name))
            elif field.is_required:
                site.misfit()
        return filled | {name: self._fill_extra(item, site.down(name)) for name, item in self._extras(given)}

    def _extra_schema(self) -> dict[str, Any]:
        return {"patternProperties": {f"^{_EXTENSION_PREFIX}": {}}, "additionalProperties": False}

    def _extras(self, given: dict[str, Any]) -> list[tuple[str, Any]]:
        return [(name, item) for name, item in given.items() if not name.startswith(_EXTENSION_PREFIX)]

    def _fill_extra(self, value: Any, site: Site) -> Any:
        site.misfit()
        return value

    def _under_new_names(self, given: dict[str, Any], site: Site) -> dict[str, Any]:
        for old, field in self.fields.items():
            new = field.renamed_to
            if new is None or old not in given:
                continue
            if new in given:
                site.down(old).report(
                    f"is the old name of {new!r}, which is given too; remove one",
                    ProblemCode.RENAMED_KEY,
                    key=True,
                )
            else:
                site.down(old).warn(f"is now called {new!r}; the old name will go", ProblemCode.RENAMED_KEY)
                site.walk.renamed[(*site.path, new)] = old
                given[new] = given[old]
            del given[old]
        return given


class Permissive(Shape):
    """A mapping with some known keys, or none; any other key may have any value."""

    def __init__(self, fields: Mapping[str, Any] | None = None, description: str | None = None) -> None:
        super().__init__(fields if fields is not None else {}, description)

    @override
    def _extra_schema(self) -> dict[str, Any]:
        return {}

    @override
    def _extras(self, given: dict[str, Any]) -> list[tuple[str, Any]]:
        return list(given.items())

    @override
    def _fill_extra(self, value: Any, site: Site) -> Any:
        return _ANY_VALUE.fill(value, site)


class Selector(ConfigType):
    """A mapping with exactly one of the known keys; the key alone, as text, stands for the key with `{}`.

    Raises:
        InvalidDefinitionError: There are no fields, or one is not well formed.
    """

    def __init__(self, fields: Mapping[str, Any], description: str | None = None) -> None:
        self.fields = _resolve_fields(type(self).__name__, fields)
        self.description = description
        if not self.fields:
            raise InvalidDefinitionError("a Selector needs at least one field to select from")

    @override
    def takes(self, value: Any) -> bool:
        return isinstance(value, dict) or (isinstance(value, str) and value in self.fields)

    @override
    def json_schema(self, *, references: bool = True) -> dict[str, Any]:
        mapping = {
            "type": "object",
            "properties": _field_schemas(self.fields, references=references),
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        }
        # Without references the schema only explains what is wrong: there a key that needs more than {} is a known name too.
        names = [name for name, field in self.fields.items() if not references or _fits(field, {})]
        schema: dict[str, Any] = {"anyOf": [mapping, {"type": "string", "enum": names}]} if names else mapping
        if self.description is not None:
            schema["description"] = self.description
        return schema

    @override
    def _fill_taken(self, value: Any, site: Site) -> Any:
        given = {value: {}} if isinstance(value, str) else dict(site.items(value))
        if len(given) != 1:
            site.misfit()
        return {name: self._fill_selected(name, item, site) for name, item in given.items()}

    def _fill_selected(self, name: str, value: Any, site: Site) -> Any:
        if name in self.fields:
            return self.fields[name].fill(value, site.down(name))
        site.misfit()
        return value


class Union(ConfigType):
    """A value of any of the inner types; the first that it fits counts.

    Raises:
        InvalidDefinitionError: There are no inner types.
    """

    def __init__(self, *inner: Any) -> None:
        self.inner = tuple(_resolve_type(config) for config in inner)
        if not self.inner:
            raise InvalidDefinitionError("a Union needs at least one inner type")

    @override
    def takes(self, value: Any) -> bool:
        return any(inner.takes(value) for inner in self.inner)

    @override
    def json_schema(self, *, references: bool = True) -> dict[str, Any]:
        return {"anyOf": [inner.json_schema(references=references) for inner in self.inner]}

    @override
    def _fill_taken(self, value: Any, site: Site) -> Any:
        attempts = [_attempt(inner, value, site) for inner in self.inner if inner.takes(value)]
        # where none is right, the one that at least fits its schema, else the first, tells best what is wrong
        filled, walk = min(attempts, key=lambda attempt: (not attempt[1].fits, bool(attempt[1].problems)))
        site.walk.join(walk)
        return filled


def resolve_field(config: Any) -> Field:
    """The Field that a config type or a shorthand stands for; a Field stands for itself.

    Raises:
        InvalidDefinitionError: It stands for none.
    """
    return config if isinstance(config, Field) else Field(config)


def json_schema(config: Any) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a Field, a config type or a shorthand, for an editor and for other tools.

    Raises:
        InvalidDefinitionError: The config is none of them.
    """
    schema = resolve_field(config).json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "$defs": {"reference": deepcopy(REFERENCE_SCHEMA)},
    }


_ANY_VALUE = AnyValue()
_SHORTHANDS: dict[Any, Callable[[], ConfigType]] = {
    str: String,
    int: Int,
    float: Float,
    bool: Bool,
    dict: Permissive,
    list: lambda: Array(_ANY_VALUE),
    None: AnyValue,
    Any: AnyValue,
}


def _resolve_type(config: Any) -> ConfigType:
    if isinstance(config, ConfigType):
        return config
    if isinstance(config, Field):
        return config.config_type
    if isinstance(config, Mapping):
        return Shape(config)
    if isinstance(config, list):
        return _resolve_list(config)
    if config is None or config is Any or isinstance(config, type):
        return _resolve_class(config)
    raise InvalidDefinitionError(f"a config type is expected, not a value of type {type(config).__name__}")


def _resolve_list(config: list[Any]) -> Array:
    if len(config) != 1:
        raise InvalidDefinitionError(
            f"a list as a config type holds the type of its items, not {len(config)} types"
        )
    return Array(config[0])


def _resolve_class(config: Any) -> ConfigType:
    make = _SHORTHANDS.get(config, config)
    if config not in _SHORTHANDS and not issubclass(config, ConfigType):
        raise InvalidDefinitionError(f"the class {config.__name__} is no config type")
    try:
        config_type: ConfigType = make()
    except TypeError:
        raise InvalidDefinitionError(f"{config.__name__} needs arguments to be a config type") from None
    return config_type


def _resolve_fields(owner: str, fields: Mapping[str, Any]) -> dict[str, Field]:
    if not isinstance(fields, Mapping):
        raise InvalidDefinitionError(
            f"the fields of a {owner} are a mapping, not {with_article(type(fields).__name__)}"
        )
    return {_checked_name(owner, name): _resolve_named(name, config) for name, config in fields.items()}


def _checked_name(owner: str, name: Any) -> str:
    if isinstance(name, str) and name and not name.startswith(_EXTENSION_PREFIX):
        return name
    raise InvalidDefinitionError(
        f"the key {name!r} of a {owner} must be text and not begin with {_EXTENSION_PREFIX!r}"
    )


def _resolve_named(name: str, config: Any) -> Field:
    try:
        return resolve_field(config)
    except InvalidDefinitionError as error:
        raise InvalidDefinitionError(f"field {name!r}: {error.message}") from None


def _field_schemas(fields: Mapping[str, Field], *, references: bool) -> dict[str, Any]:
    return {name: field.json_schema(references=references) for name, field in fields.items()}


def _can_be_empty(config_type: ConfigType) -> bool:
    return isinstance(config_type, Shape) and not any(
        field.is_required for field in config_type.fields.values()
    )


def _fits(field: Field, value: Any) -> bool:
    walk = Walk(References.KEEP)
    field.fill(value, Site(walk))
    return walk.fits and not walk.problems


def _attempt(inner: ConfigType, value: Any, site: Site) -> tuple[Any, Walk]:
    walk = site.walk.fork()
    return inner.fill(value, site._replace(walk=walk)), walk
