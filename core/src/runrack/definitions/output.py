"""What goes into an op and what comes out of it: In, Out, Output, ExpectationResult, Failure."""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from runrack.errors import InvalidDefinitionError, UserCodeError
from runrack.records.metadata import RawMetadata, to_metadata

DEFAULT_OUTPUT = "result"
"""The name of an op's only output."""

NO_DEFAULT: Any = object()
"""Stands for the default of an input that has none."""


@dataclass(frozen=True)
class In:
    """An input of an op.

    Attributes:
        type: What values are accepted; any, when it is `typing.Any`.
        default_value: The value when nothing else gives one; without it, something has to.
        description: What the value means.
    """

    type: Any = Any
    default_value: Any = NO_DEFAULT
    description: str | None = None

    @property
    def has_default(self) -> bool:
        """Whether the input may be left out."""
        return self.default_value is not NO_DEFAULT


@dataclass(frozen=True)
class Out:
    """An output of an op.

    Attributes:
        type: What values are accepted; any, when it is `typing.Any`.
        is_required: Whether the op has to give it. Steps that need an output that was not given are skipped.
        description: What the value means.
    """

    type: Any = Any
    is_required: bool = True
    description: str | None = None


@dataclass(frozen=True)
class Output:
    """A value that an op gives, with more to say about it than the value.

    Attributes:
        value: The value.
        output_name: Which output of the op it is.
        metadata: Label to value, shown with the run; plain Python values are converted.
    """

    value: Any
    output_name: str = DEFAULT_OUTPUT
    metadata: RawMetadata = field(default_factory=dict)


@dataclass(frozen=True)
class ExpectationResult:
    """Says whether something that an op expected of its data came true. It stops nothing.

    Attributes:
        success: Whether it came true.
        label: What was expected, in a word.
        description: What was expected.
        metadata: Label to value; plain Python values are converted.
    """

    success: bool
    label: str | None = None
    description: str | None = None
    metadata: RawMetadata = field(default_factory=dict)


class Failure(UserCodeError):  # noqa: N818 - the author's word, as in `raise Failure(…)`
    """Ends the op in failure when it is raised, with something to say about it.

    Args:
        description: What went wrong.
        metadata: Label to value, stored with the failure; plain Python values are converted.
    """

    def __init__(self, description: str | None = None, metadata: RawMetadata | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.metadata = to_metadata(metadata)


def check_name(kind: str, name: object) -> str:
    """Return `name` when it can name a definition, an input or an output.

    Raises:
        InvalidDefinitionError: It is no Python identifier.
    """
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise InvalidDefinitionError(
            f"{name!r} cannot be the name of {kind}: use letters, digits and underscores, no digit first"
        )
    return name


def check_keys(kind: str, keys: Iterable[str] | None) -> frozenset[str]:
    """Return `keys` as a set.

    Raises:
        InvalidDefinitionError: They are one string, or hold something that is no string.
    """
    if isinstance(keys, str):
        raise InvalidDefinitionError(f"{kind}: required_resource_keys is a set of keys: write {{{keys!r}}}")
    checked = frozenset(keys or ())
    if not all(isinstance(key, str) for key in checked):
        raise InvalidDefinitionError(f"{kind}: required_resource_keys holds strings")
    return checked
