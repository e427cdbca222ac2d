"""What stands for the outputs of ops in the body of a job, and what can feed an input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runrack.errors import InvalidDefinitionError

if TYPE_CHECKING:
    from runrack.definitions.asset import AssetOut


@dataclass(frozen=True)
class InvokedOutput:
    """Stands for an output of an op in the body of a job, where nothing runs yet.

    Attributes:
        node_name: Which op of the job.
        output_name: Which of its outputs.
        mapped_over: The dynamic output, as node and output name, for each of whose items there is one such output.
    """

    node_name: str
    output_name: str
    mapped_over: tuple[str, str] | None = None

    def __iter__(self) -> Any:
        raise InvalidDefinitionError(
            f"output {self.output_name!r} of op {self.node_name!r} has no items yet: in the body of a job nothing runs."
            " Hand it to an op that goes through the items"
        )

    def __bool__(self) -> bool:
        raise InvalidDefinitionError(
            f"output {self.output_name!r} of op {self.node_name!r} is neither true nor false yet: in the body of a job"
            " nothing runs. Decide inside of an op"
        )


@dataclass(frozen=True)
class InvokedDynamicOutput:
    """Stands for any number of outputs: those of a dynamic output, or of an op that is mapped over one.

    Attributes:
        each: Stands for any one of them.
    """

    each: InvokedOutput

    def map(self, function: Callable[[InvokedOutput], Any]) -> Any:
        """Call `function`, which calls ops, with what stands for one item: those ops run once for each item.

        Returns:
            What stands for all that the function returned: as itself it can be mapped over or collected.
        """
        return _for_all(function(self.each))

    def collect(self) -> Collected:
        """Return what becomes the list of all the values, in the order in which the items were given."""
        return Collected(self.each)


@dataclass(frozen=True)
class FanIn:
    """Several outputs that become one input: the list of their values, in this order."""

    outputs: tuple[InvokedOutput, ...]


@dataclass(frozen=True)
class Collected:
    """All the outputs behind a dynamic one that become one input: the list of their values.

    Attributes:
        each: Stands for any one of them.
    """

    each: InvokedOutput


@dataclass(frozen=True)
class Constant:
    """A value that the body of the job gives to an input."""

    value: Any


@dataclass(frozen=True)
class StoredAsset:
    """An asset that the job does not make: its value is loaded from what was kept when it was made.

    Attributes:
        out: How the output is declared that it was.
    """

    out: AssetOut


@dataclass(frozen=True)
class OpenInput:
    """Stands for an input of a graph that nothing feeds: the run configuration gives the value to the ops that take it."""

    name: str


InputSource = InvokedOutput | FanIn | Collected | Constant | StoredAsset
"""What feeds an input. An input without a source has a default, or gets its value from the run configuration."""


def outputs_of(source: InputSource) -> tuple[InvokedOutput, ...]:
    """Return the outputs that a source consists of."""
    match source:
        case InvokedOutput():
            return (source,)
        case FanIn():
            return source.outputs
        case Collected():
            return (source.each,)
        case _:
            return ()


def _for_all(returned: Any) -> Any:
    if isinstance(returned, InvokedOutput) and returned.mapped_over is not None:
        return InvokedDynamicOutput(returned)
    if isinstance(returned, tuple):
        return tuple(map(_for_all, returned))
    return returned
