"""What goes into an op and what comes out of it: In, Out, Output, ExpectationResult, Failure and their kin."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from runrack.errors import InvalidArgumentError, InvalidDefinitionError, UserCodeError
from runrack.interfaces.io_manager import DEFAULT_IO_MANAGER_KEY
from runrack.records.metadata import RawMetadata, to_metadata

DEFAULT_OUTPUT = "result"
"""The name of an op's only output."""

_MAPPING_KEY = re.compile(r"\w+", re.ASCII)

NO_DEFAULT: Any = object()
"""Stands for the default of an input that has none."""


class Nothing:
    """The type of an input or output without a value: it says only what comes after what."""


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
        io_manager_key: The resource that keeps the value for the steps that need it.
    """

    type: Any = Any
    is_required: bool = True
    description: str | None = None
    io_manager_key: str = DEFAULT_IO_MANAGER_KEY

    @property
    def is_dynamic(self) -> bool:
        """Whether the op gives it any number of times, each as a `DynamicOutput`."""
        return False


@dataclass(frozen=True)
class DynamicOut(Out):
    """An output that an op gives any number of times, each as a `DynamicOutput`. Attributes as in `Out`."""

    @property
    @override
    def is_dynamic(self) -> bool:
        return True


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


@dataclass(frozen=True)
class DynamicOutput:
    """One of the values that an op gives for a `DynamicOut`.

    Attributes:
        value: The value.
        mapping_key: Names the value among the others: letters, digits and underscores.
        output_name: Which output of the op it is.
        metadata: Label to value, shown with the run; plain Python values are converted.
    """

    value: Any
    mapping_key: str
    output_name: str = DEFAULT_OUTPUT
    metadata: RawMetadata = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.mapping_key, str) or not _MAPPING_KEY.fullmatch(self.mapping_key):
            raise InvalidArgumentError(
                f"mapping_key {self.mapping_key!r}: use letters, digits and underscores, at least one"
            )


class Failure(UserCodeError):  # noqa: N818 - the author's word, as in `raise Failure(…)`
    """Ends the op in failure when it is raised, with something to say about it.

    Args:
        description: What went wrong.
        metadata: Label to value, stored with the failure; plain Python values are converted.
        allow_retries: Whether the op's retry policy applies.
    """

    def __init__(
        self,
        description: str | None = None,
        metadata: RawMetadata | None = None,
        allow_retries: bool = True,
    ) -> None:
        super().__init__(description)
        self.description = description
        self.metadata = to_metadata(metadata)
        self.allow_retries = allow_retries


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
