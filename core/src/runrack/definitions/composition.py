"""What the calls in the body of a job say: which ops there are and which outputs feed which inputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runrack.errors import InvalidDefinitionError

if TYPE_CHECKING:
    from runrack.definitions.op import OpDefinition


@dataclass(frozen=True)
class InvokedOutput:
    """Stands for an output of an op in the body of a job, where nothing runs yet.

    Attributes:
        node_name: Which op of the job.
        output_name: Which of its outputs.
    """

    node_name: str
    output_name: str

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
class FanIn:
    """Several outputs that become one input: the list of their values, in this order."""

    outputs: tuple[InvokedOutput, ...]


@dataclass(frozen=True)
class Constant:
    """A value that the body of the job gives to an input."""

    value: Any


InputSource = InvokedOutput | FanIn | Constant
"""What feeds an input. An input without a source has a default, or gets its value from the run configuration."""


@dataclass(frozen=True)
class OpNode:
    """An op of a job: a definition under the name that it has there.

    Attributes:
        name: Unique in the job.
        definition: What it does.
        inputs: Input name to what feeds it.
    """

    name: str
    definition: OpDefinition
    inputs: Mapping[str, InputSource]

    @property
    def upstream_names(self) -> frozenset[str]:
        """The ops whose outputs it needs."""
        return frozenset(output.node_name for output in self.upstream_outputs)

    @property
    def upstream_outputs(self) -> tuple[InvokedOutput, ...]:
        """The outputs that it needs, in the order of its inputs."""
        return tuple(output for source in self.inputs.values() for output in outputs_of(source))


def outputs_of(source: InputSource) -> tuple[InvokedOutput, ...]:
    """Return the outputs that a source consists of."""
    if isinstance(source, FanIn):
        return source.outputs
    return (source,) if isinstance(source, InvokedOutput) else ()


@dataclass
class Composition:
    """The calls that the body of a job has made so far."""

    job_name: str
    nodes: dict[str, OpNode] = field(default_factory=dict)
    _last_numbers: defaultdict[str, int] = field(default_factory=lambda: defaultdict(lambda: 1))

    def add(
        self, definition: OpDefinition, alias: str | None, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> InvokedOutput | tuple[InvokedOutput, ...] | None:
        """Note a call of an op and return what stands for its outputs: one, a tuple of several, or None for none.

        Raises:
            InvalidDefinitionError: The arguments do not fit the op's inputs, or the alias is taken.
        """
        inputs = self._bind(definition, args, kwargs)
        name = self._unique_name(definition.name, alias)
        self.nodes[name] = OpNode(name, definition, inputs)
        outputs = tuple(InvokedOutput(name, output) for output in definition.outs)
        if len(outputs) == 1:
            return outputs[0]
        return outputs or None

    def _bind(
        self, definition: OpDefinition, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> dict[str, InputSource]:
        names = list(definition.ins)
        takes = f"it takes {', '.join(names)}" if names else "it takes no inputs"
        if len(args) > len(names):
            raise InvalidDefinitionError(
                f"job {self.job_name!r} calls op {definition.name!r} with {len(args)} inputs; {takes}"
            )
        given = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name not in definition.ins or name in given:
                problem = "twice" if name in given else "which it does not have"
                raise InvalidDefinitionError(
                    f"job {self.job_name!r} gives op {definition.name!r} the input {name!r}, {problem}; {takes}"
                )
            given[name] = value
        return {name: self._source(definition.name, name, given[name]) for name in names if name in given}

    def _source(self, op_name: str, input_name: str, value: Any) -> InputSource:
        if isinstance(value, InvokedOutput):
            return self._own(op_name, value)
        if isinstance(value, list | tuple) and any(isinstance(item, InvokedOutput) for item in value):
            if not all(isinstance(item, InvokedOutput) for item in value):
                raise InvalidDefinitionError(
                    f"job {self.job_name!r} gives input {input_name!r} of op {op_name!r} a list of outputs and"
                    " other values: give the other values through an op"
                )
            return FanIn(tuple(self._own(op_name, item) for item in value))
        if value is None:
            raise InvalidDefinitionError(
                f"job {self.job_name!r} gives input {input_name!r} of op {op_name!r} None: an op without outputs"
                " gives nothing that could be passed on"
            )
        return Constant(value)

    def _own(self, op_name: str, output: InvokedOutput) -> InvokedOutput:
        if output.node_name not in self.nodes:
            raise InvalidDefinitionError(
                f"job {self.job_name!r} gives op {op_name!r} an output of op {output.node_name!r}, which another job"
                " called: call it in this one"
            )
        return output

    def _unique_name(self, name: str, alias: str | None) -> str:
        if alias is not None:
            if alias in self.nodes:
                raise InvalidDefinitionError(
                    f"job {self.job_name!r} has two ops named {alias!r}: give each alias once"
                )
            return alias
        unique = name
        while unique in self.nodes:
            self._last_numbers[name] += 1
            unique = f"{name}_{self._last_numbers[name]}"
        return unique


_current: ContextVar[Composition | None] = ContextVar("composition", default=None)


def current_composition() -> Composition | None:
    """Return the composition of the job whose body is being run; None outside of one."""
    return _current.get()


def compose(job_name: str, body: Any) -> dict[str, OpNode]:
    """Run the body of a job and return the ops that it called, by name, in the order of the calls.

    Raises:
        InvalidDefinitionError: The body is called inside of another one, or a call does not fit.
    """
    outer = _current.get()
    if outer is not None:
        raise InvalidDefinitionError(f"job {job_name!r} is defined inside of job {outer.job_name!r}")
    composition = Composition(job_name)
    token = _current.set(composition)
    try:
        body()
    finally:
        _current.reset(token)
    return composition.nodes
