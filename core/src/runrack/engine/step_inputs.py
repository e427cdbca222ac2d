"""The values that an op gets: where each comes from, and whether it is of the declared type."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from runrack.definitions.invoked_output import (
    Collected,
    Constant,
    FanIn,
    InvokedOutput,
    StoredAsset,
    outputs_of,
)
from runrack.definitions.output import Nothing, Out
from runrack.definitions.value_type import accepts, type_name
from runrack.engine.step_context import StepContext
from runrack.engine.step_values import load_asset, load_output
from runrack.errors import TypeCheckError, with_article
from runrack.records.event import Event
from runrack.records.event_data import StepInputData
from runrack.records.event_type import EventType
from runrack.records.known_state import OutputHandle


def load_inputs(step: StepContext) -> Generator[Event, None, dict[str, Any]]:
    """Yield the events of loading the step's inputs, and return the values by name.

    Raises:
        TypeCheckError: A value is not of the type that the input declares.
    """
    values: dict[str, Any] = {}
    for name, declared in step.definition.ins.items():
        if declared.type is Nothing:
            continue
        values[name] = yield from _load(step, name)
        if not accepts(declared.type, values[name]):
            raise TypeCheckError(
                f"input {name!r} of op {step.step_key!r} is {with_article(type(values[name]).__name__)},"
                f" where {with_article(type_name(declared.type))} is declared"
            )
        data = StepInputData(name, type_name(declared.type))
        yield step.event(EventType.STEP_INPUT, f"Got input {name!r}.", data)
    return values


def _load(step: StepContext, name: str) -> Generator[Event, None, Any]:
    source = step.step.node.inputs.get(name)
    if source is None:
        given = step.run_context.config.inputs
        return given.get((step.op_name, name), step.definition.ins[name].default_value)
    if isinstance(source, Constant):
        return source.value
    if isinstance(source, StoredAsset):
        value, data = load_asset(step, name, source.out)
        message = f"Loaded input {name!r} from asset {source.out.asset_key.to_user_string()!r}."
        yield step.event(EventType.LOADED_INPUT, message, data)
        return value
    declared = _declared(step, outputs_of(source)[0])
    if declared.type is Nothing:
        return None
    loaded = []
    for handle in step.run_context.active.given.handles_of(source, step.step.mapping_key):
        value, data = load_output(step, name, handle, declared)
        loaded.append(value)
        yield step.event(EventType.LOADED_INPUT, _loaded_message(name, handle), data)
    return loaded if isinstance(source, FanIn | Collected) else loaded[0]


def _declared(step: StepContext, output: InvokedOutput) -> Out:
    return step.run_context.plan.job.nodes[output.node_name].definition.outs[output.output_name]


def _loaded_message(name: str, handle: OutputHandle) -> str:
    item = "" if handle.mapping_key is None else f", item {handle.mapping_key!r}"
    return f"Loaded input {name!r} from output {handle.output_name!r}{item} of step {handle.step_key!r}."
