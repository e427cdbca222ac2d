"""The values that an op gets: where each comes from, and whether it is of the declared type."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from runrack.definitions.invoked_output import Constant, FanIn, InvokedOutput, outputs_of
from runrack.definitions.output import Out
from runrack.definitions.value_type import accepts, type_name
from runrack.engine.step_context import StepContext
from runrack.engine.step_values import load_output
from runrack.errors import TypeCheckError
from runrack.records.event import Event
from runrack.records.event_data import LoadedInputData, StepInputData
from runrack.records.event_type import EventType
from runrack.records.known_state import OutputHandle


def load_inputs(step: StepContext) -> Generator[Event, None, dict[str, Any]]:
    """Yield the events of loading the step's inputs, and return the values by name.

    Raises:
        TypeCheckError: A value is not of the type that the input declares.
    """
    values: dict[str, Any] = {}
    for name, declared in step.definition.ins.items():
        values[name] = yield from _load(step, name)
        if not accepts(declared.type, values[name]):
            raise TypeCheckError(
                f"input {name!r} of op {step.step_key!r} is a {type(values[name]).__name__},"
                f" where a {type_name(declared.type)} is declared"
            )
        data = StepInputData(name, type_name(declared.type))
        yield step.event(EventType.STEP_INPUT, f"Got input {name!r}.", data)
    return values


def has_inputs(step: StepContext) -> bool:
    """Tell whether every output that the step needs was given."""
    outputs = step.run_context.outputs
    return all(outputs.has(_handle(output)) for output in step.step.node.upstream_outputs)


def _load(step: StepContext, name: str) -> Generator[Event, None, Any]:
    source = step.step.node.inputs.get(name)
    if source is None:
        given = step.run_context.config.inputs
        return given.get((step.step_key, name), step.definition.ins[name].default_value)
    if isinstance(source, Constant):
        return source.value
    loaded = []
    for output in outputs_of(source):
        value, data = load_output(step, name, _handle(output), _declared(step, output))
        loaded.append(value)
        yield _loaded_event(step, name, output, data)
    return loaded if isinstance(source, FanIn) else loaded[0]


def _handle(output: InvokedOutput) -> OutputHandle:
    return OutputHandle(output.node_name, output.output_name)


def _declared(step: StepContext, output: InvokedOutput) -> Out:
    return step.run_context.plan.job.nodes[output.node_name].definition.outs[output.output_name]


def _loaded_event(step: StepContext, name: str, output: InvokedOutput, data: LoadedInputData) -> Event:
    message = f"Loaded input {name!r} from output {output.output_name!r} of step {output.node_name!r}."
    return step.event(EventType.LOADED_INPUT, message, data)
