"""What jsonschema finds wrong with a value, told to a reader.

jsonschema's own messages quote the value, so they are never used: a message is made of the schema, the path, and the kind of
thing that was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from runrack.config.problem import ConfigProblem, DocumentPath, ProblemCode, format_path, nearest
from runrack.config.scalar import range_text
from runrack.config.walk import Walk

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_EXPECTED = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "null",
}
_KINDS: dict[type, str] = {  # bool is a kind of int, so it comes first
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "a mapping",
    list: "a list",
}
_HINTS = {
    ("string", "a whole number"): "; put it in quotes",
    ("string", "a number"): "; put it in quotes",
    ("string", "true or false"): "; put it in quotes",
    ("integer", "text"): ", without quotes and without a unit",
    ("number", "text"): ", without quotes and without a unit",
    ("boolean", "text"): ", without quotes (yes, no, on and off are text)",
}


def schema_problems(
    schema: dict[str, Any], value: Any, path: DocumentPath, walk: Walk
) -> list[ConfigProblem]:
    """What the schema does not allow in the value.

    Args:
        schema: JSON Schema, of what `ConfigType.json_schema` produces, without references.
        value: The value, without references.
        path: Where the value lies in its document.
        walk: Gives the positions.
    """
    validator = _validator_class()(schema)
    explainer = _Explainer(path, walk)
    return [problem for error in validator.iter_errors(value) for problem in explainer.explain(error)]


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_whole_number)
    return extend(Draft202012Validator, type_checker=checker)


def _is_whole_number(_checker: Any, value: Any) -> bool:
    """Not 1.0, which JSON Schema takes for one."""
    return isinstance(value, int) and not isinstance(value, bool)


class _Explainer:
    """Turns errors of jsonschema into problems."""

    def __init__(self, path: DocumentPath, walk: Walk) -> None:
        self._path = path
        self._walk = walk

    def explain(self, error: ValidationError) -> Iterator[ConfigProblem]:
        match error.validator:
            case "required":
                yield from self._missing_keys(error)
            case "additionalProperties":
                yield from self._unknown_keys(error)
            case "minProperties" | "maxProperties":
                yield self._wrong_count(error)
            case "enum" if isinstance(error.instance, str):  # of anything else the "type" complains
                yield self._wrong_name(error)
            case "enum":
                return
            case "anyOf":
                yield from self._no_alternative(error)
            case "type":
                yield self._wrong_type(error)
            case "minimum" | "maximum":
                yield self._out_of_range(error)
            case rule:
                yield self._problem(error, f"does not satisfy {rule!r} of its schema", ProblemCode.MISFIT)

    def _missing_keys(self, error: ValidationError) -> Iterator[ConfigProblem]:
        misspelt = _misspelt_keys(error)
        for name in error.validator_value:
            if name not in error.instance and name not in misspelt:
                path = self._full_path(error)
                position = self._walk.position(path, key=True)
                yield ConfigProblem(
                    position,
                    format_path((*path, name)),
                    "is required, but missing",
                    code=ProblemCode.MISSING_KEY,
                )

    def _unknown_keys(self, error: ValidationError) -> Iterator[ConfigProblem]:
        known = error.schema["properties"]
        for name in error.instance:
            if name not in known:
                path = (*self._full_path(error), name)
                position = self._walk.position(path, key=True)
                yield ConfigProblem(
                    position,
                    format_path(path),
                    "unknown key",
                    nearest(name, known),
                    tuple(known),
                    ProblemCode.UNKNOWN_KEY,
                )

    def _wrong_count(self, error: ValidationError) -> ConfigProblem:
        found = f"not {len(error.instance)}" if error.instance else "but there is none"
        return self._problem(
            error,
            f"expected exactly one key, {found}",
            ProblemCode.NOT_ONE_KEY,
            key=True,
            allowed=tuple(error.schema["properties"]),
        )

    def _wrong_name(self, error: ValidationError) -> ConfigProblem:
        names = error.validator_value
        return self._problem(
            error,
            "is none of the allowed names",
            ProblemCode.UNKNOWN_NAME,
            suggestion=nearest(error.instance, names),
            allowed=tuple(names),
        )

    def _no_alternative(self, error: ValidationError) -> Iterator[ConfigProblem]:
        """What is wrong with the one alternative that takes this kind of value, or that none does."""
        branches: dict[int, list[ValidationError]] = {}
        for branch_error in error.context:
            branches.setdefault(branch_error.schema_path[0], []).append(branch_error)
        right_kind = [
            errors for errors in branches.values() if not any(_is_wrong_kind(e, error) for e in errors)
        ]
        if len(right_kind) != 1:
            yield self._wrong_type(error)
            return
        for branch_error in right_kind[0]:
            yield from self.explain(branch_error)

    def _wrong_type(self, error: ValidationError) -> ConfigProblem:
        expected = _describe(error.schema)
        if error.instance is None:
            return self._problem(error, f"has no value; expected {expected}", ProblemCode.NO_VALUE, key=True)
        found = _kind(error.instance)
        hint = "" if "enum" in error.schema else _HINTS.get((error.schema.get("type", ""), found), "")
        return self._problem(error, f"expected {expected}, found {found}{hint}", ProblemCode.WRONG_TYPE)

    def _out_of_range(self, error: ValidationError) -> ConfigProblem:
        expected = range_text(error.schema.get("minimum"), error.schema.get("maximum"))
        return self._problem(
            error, f"expected {_EXPECTED[error.schema['type']]} {expected}", ProblemCode.OUT_OF_RANGE
        )

    def _problem(
        self,
        error: ValidationError,
        message: str,
        code: ProblemCode,
        *,
        key: bool = False,
        suggestion: str | None = None,
        allowed: tuple[str, ...] = (),
    ) -> ConfigProblem:
        path = self._full_path(error)
        return ConfigProblem(
            self._walk.position(path, key=key), format_path(path), message, suggestion, allowed, code
        )

    def _full_path(self, error: ValidationError) -> DocumentPath:
        return (*self._path, *error.absolute_path)


def _misspelt_keys(error: ValidationError) -> set[str | None]:
    """The known keys for which an unknown one was most likely meant."""
    if error.schema.get("additionalProperties", True):
        return set()
    known = error.schema["properties"]
    return {nearest(name, known) for name in error.instance if name not in known}


def _is_wrong_kind(branch_error: ValidationError, error: ValidationError) -> bool:
    """Whether an alternative fails because it takes another kind of value altogether."""
    if branch_error.absolute_path != error.absolute_path:
        return False
    if branch_error.validator == "anyOf":
        return all(_is_wrong_kind(nested, error) for nested in branch_error.context)
    return bool(branch_error.validator == "type")


def _describe(schema: dict[str, Any]) -> str:
    """What a schema expects, in a few words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_describe(alternative) for alternative in schema["anyOf"]))
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    return _EXPECTED.get(schema.get("type", ""), "another value")


def _kind(value: Any) -> str:
    """What a value is, in words that do not show it."""
    for python_type, words in _KINDS.items():
        if isinstance(value, python_type):
            return words
    return f"a Python object of type {type(value).__name__}"
