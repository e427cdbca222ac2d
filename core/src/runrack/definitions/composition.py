"""What the calls in the body of a job say: which ops there are and which outputs feed which inputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runrack.definitions.invoked_output import (
    Collected,
    Constant,
    FanIn,
    InputSource,
    InvokedDynamicOutput,
    InvokedOutput,
    OpenInput,
    outputs_of,
)
from runrack.errors import InvalidDefinitionError

if TYPE_CHECKING:
    from runrack.definitions.graph import GraphDefinition
    from runrack.definitions.op import OpDefinition


@dataclass(frozen=True)
class OpNode:
    """An op of a job: a definition under the name that it has there.

    Attributes:
        name: Unique in the job; in a graph, the path to it: `graph.op`.
        definition: What it does.
        inputs: Input name to what feeds it.
        mapped_over: The dynamic output, as node and output name, for each of whose items the op runs once.
    """

    name: str
    definition: OpDefinition
    inputs: Mapping[str, InputSource]
    mapped_over: tuple[str, str] | None = None

    @property
    def upstream_names(self) -> frozenset[str]:
        """The ops whose outputs it needs."""
        return frozenset(output.node_name for output in self.upstream_outputs)

    @cached_property
    def upstream_outputs(self) -> tuple[InvokedOutput, ...]:
        """The outputs that it needs, in the order of its inputs."""
        return tuple(output for source in self.inputs.values() for output in outputs_of(source))


@dataclass
class Composition:
    """The calls that the body of a job has made so far.

    Attributes:
        job_name: The job.
        nodes: The ops by name, in the order of the calls.
        graphs: The graphs by name, each after those that it lies in.
    """

    job_name: str
    nodes: dict[str, OpNode] = field(default_factory=dict)
    graphs: dict[str, GraphDefinition] = field(default_factory=dict)
    _prefix: str = ""
    _last_numbers: defaultdict[str, int] = field(default_factory=lambda: defaultdict(lambda: 1))

    def add(
        self, definition: OpDefinition, alias: str | None, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        """Note a call of an op and return what stands for its outputs: one, a tuple of several, or None for none.

        Raises:
            InvalidDefinitionError: The arguments do not fit the op's inputs, or the alias is taken.
        """
        given = self._bind(definition.name, list(definition.ins), args, kwargs)
        inputs = {
            name: self._source(definition.name, name, value)
            for name, value in given.items()
            if not isinstance(value, OpenInput)
        }
        mapped_over = self._mapped_over(definition, inputs)
        name = self._unique_name(definition.name, alias)
        self.nodes[name] = OpNode(name, definition, inputs, mapped_over)
        outputs = tuple(
            InvokedDynamicOutput(InvokedOutput(name, output, (name, output)))
            if declared.is_dynamic
            else InvokedOutput(name, output, mapped_over)
            for output, declared in definition.outs.items()
        )
        if len(outputs) == 1:
            return outputs[0]
        return outputs or None

    def add_graph(
        self, definition: GraphDefinition, alias: str | None, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        """Note the calls in the body of a graph and return what stands for its outputs.

        Raises:
            InvalidDefinitionError: The arguments do not fit the graph's inputs, the alias is taken, or a call in the body
                does not fit.
        """
        given = self._bind(definition.name, list(definition.inputs), args, kwargs)
        for name in definition.inputs:
            given.setdefault(name, definition.default_of(name))
        name = self._unique_name(definition.name, alias)
        self.graphs[name] = definition
        with self._inside(name):
            return definition.check_outputs(definition.body(**given))

    @contextmanager
    def _inside(self, name: str) -> Iterator[None]:
        outer, self._prefix = self._prefix, f"{name}."
        try:
            yield
        finally:
            self._prefix = outer

    def _bind(
        self, name: str, input_names: list[str], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> dict[str, Any]:
        takes = f"it takes {', '.join(input_names)}" if input_names else "it takes no inputs"
        if len(args) > len(input_names):
            raise InvalidDefinitionError(
                f"job {self.job_name!r} calls op {name!r} with {len(args)} inputs; {takes}"
            )
        given = dict(zip(input_names, args, strict=False))
        for key, value in kwargs.items():
            if key not in input_names or key in given:
                problem = "twice" if key in given else "which it does not have"
                raise InvalidDefinitionError(
                    f"job {self.job_name!r} gives op {name!r} the input {key!r}, {problem}; {takes}"
                )
            given[key] = value
        return {key: given[key] for key in input_names if key in given}

    def _source(self, op_name: str, input_name: str, value: Any) -> InputSource:
        if isinstance(value, InvokedOutput):
            return self._own(op_name, value)
        if isinstance(value, Collected):
            return Collected(self._own(op_name, value.each))
        if isinstance(value, InvokedDynamicOutput):
            raise InvalidDefinitionError(
                f"job {self.job_name!r} gives op {op_name!r} a dynamic output of op {value.each.node_name!r}: call"
                " .map(function) on it, or .collect()"
            )
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

    def _mapped_over(
        self, definition: OpDefinition, inputs: Mapping[str, InputSource]
    ) -> tuple[str, str] | None:
        """Return the dynamic output whose items the op is called with, if it is."""
        found = {
            output.mapped_over
            for source in inputs.values()
            if not isinstance(source, Collected)
            for output in outputs_of(source)
            if output.mapped_over is not None
        }
        if len(found) > 1:
            raise InvalidDefinitionError(
                f"job {self.job_name!r} gives op {definition.name!r} items of two dynamic outputs: collect one of them"
            )
        if found and any(declared.is_dynamic for declared in definition.outs.values()):
            raise InvalidDefinitionError(
                f"job {self.job_name!r} maps op {definition.name!r}, which has a dynamic output, over a dynamic output:"
                " collect the outer one first"
            )
        return next(iter(found), None)

    def _unique_name(self, name: str, alias: str | None) -> str:
        wanted = self._prefix + (name if alias is None else alias)
        unique = wanted
        while unique in self.nodes or unique in self.graphs:
            if alias is not None:
                raise InvalidDefinitionError(
                    f"job {self.job_name!r} has two ops named {alias!r}: give each alias once"
                )
            self._last_numbers[wanted] += 1
            unique = f"{wanted}_{self._last_numbers[wanted]}"
        return unique


_current: ContextVar[Composition | None] = ContextVar("composition", default=None)


def current_composition() -> Composition | None:
    """Return the composition of the job whose body is being run; None outside of one."""
    return _current.get()


def compose(job_name: str, body: Callable[[], object]) -> Composition:
    """Run the body of a job and return what it called.

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
    return composition
