"""What an op gives: read from what its function returns or yields, checked, and handed on."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from runrack.definitions.asset import AssetOut
from runrack.definitions.error_boundary import user_code_error_boundary
from runrack.definitions.output import DynamicOutput, Nothing, Out, Output
from runrack.definitions.value_type import accepts, type_name
from runrack.engine.asset_facts import materialization
from runrack.engine.step_context import StepContext
from runrack.engine.step_values import keep_output
from runrack.engine.user_fact import UserFact
from runrack.errors import ExecutionStepExecutionError, StepOutputError, TypeCheckError, with_article
from runrack.records.event import Event
from runrack.records.event_data import StepOutputData
from runrack.records.event_type import EventType
from runrack.records.known_state import OutputHandle
from runrack.records.metadata import to_metadata

_END: Any = object()


def compute(step: StepContext, inputs: Mapping[str, Any]) -> Iterator[Event]:
    """Call the op's function and yield the events of what it gives and says.

    Raises:
        ExecutionStepExecutionError: The function raised.
        StepOutputError: It did not give the outputs that it declares.
        TypeCheckError: An output is not of the type that it declares.
    """
    for item in _results(step, inputs):
        if isinstance(item, UserFact):
            yield step.fact_event(item)
        elif isinstance(item, Output | DynamicOutput):
            yield from _hand_on(step, item)
        else:
            raise StepOutputError(
                f"op {step.step_key!r} yields {with_article(type(item).__name__)}: yield Output(value), or what is to be said about assets"
            )
    yield from _give_nothing(step)
    missing = [
        name
        for name, declared in step.definition.outs.items()
        if declared.is_required and not declared.is_dynamic and (name, None) not in step.given_outputs
    ]
    if missing:
        raise StepOutputError(
            f"op {step.step_key!r} did not give its output {missing[0]!r}: give it, or declare Out(is_required=False)"
        )


def _give_nothing(step: StepContext) -> Iterator[Event]:
    """Yield the events of outputs without a value, which are given by coming to the end."""
    for name, declared in step.definition.outs.items():
        if declared.type is Nothing and declared.is_required and (name, None) not in step.given_outputs:
            step.given_outputs.add((name, None))
            data = StepOutputData(name, type_name=type_name(Nothing))
            yield step.event(EventType.STEP_OUTPUT, f"Gave output {name!r}.", data)
            if isinstance(declared, AssetOut):
                yield step.fact_event(materialization(step, declared, step.output_metadata.get(name, {})))


def _results(step: StepContext, inputs: Mapping[str, Any]) -> Iterator[object]:
    """Yield what the function returns or yields; nothing waits to be stored while the function runs."""
    definition = step.definition
    args = (step.op_context,) if definition.takes_context else ()
    step.writer.flush()
    with _boundary(step):
        returned = definition.function(*args, **inputs)
    if not inspect.isgenerator(returned):
        yield from _returned_items(step, returned)
        return
    with closing(returned):
        while True:
            step.writer.flush()
            with _boundary(step):
                item = next(returned, _END)
            if item is _END:
                return
            yield item


def _boundary(step: StepContext) -> Any:
    return user_code_error_boundary(
        ExecutionStepExecutionError,
        lambda: f"op {step.step_key!r} raised",
        step_key=step.step_key,
        op_name=step.op_name,
        op_def_name=step.definition.name,
    )


def _returned_items(step: StepContext, returned: Any) -> list[object]:
    outs = step.definition.outs
    if isinstance(returned, Output | DynamicOutput | UserFact):
        return [returned]
    if returned is None and not any(_has_value(declared) for declared in outs.values()):
        return []
    if isinstance(returned, list) and any(isinstance(item, DynamicOutput) for item in returned):
        return returned
    names = [name for name, declared in outs.items() if declared.type is not Nothing]
    if len(names) == 1:
        return [] if returned == [] and outs[names[0]].is_dynamic else [Output(returned, names[0])]
    if not isinstance(returned, tuple) or len(returned) != len(names):
        wanted = f"a tuple of {len(names)}: {', '.join(names)}" if names else "nothing"
        raise StepOutputError(
            f"op {step.step_key!r} returned {with_article(type(returned).__name__)}, where it declares {wanted}"
        )
    return [
        value if isinstance(value, Output) else Output(value, name)
        for name, value in zip(names, returned, strict=True)
    ]


def _has_value(declared: Out) -> bool:
    return declared.is_required and not declared.is_dynamic and declared.type is not Nothing


def _hand_on(step: StepContext, output: Output | DynamicOutput) -> Iterator[Event]:
    name = output.output_name
    mapping_key = output.mapping_key if isinstance(output, DynamicOutput) else None
    declared = _declared(step, output, mapping_key)
    step.given_outputs.add((name, mapping_key))
    if step.hooks:
        _keep_for_hooks(step, output, mapping_key)
    metadata = {**step.output_metadata.get(name, {}), **to_metadata(output.metadata)}
    data = StepOutputData(name, mapping_key, type_name(declared.type), metadata)
    item = "" if mapping_key is None else f", item {mapping_key!r}"
    yield step.event(EventType.STEP_OUTPUT, f"Gave output {name!r}{item}.", data)
    handled = keep_output(step, OutputHandle(step.step_key, name, mapping_key), declared, output.value)
    yield step.event(EventType.HANDLED_OUTPUT, f"Output {name!r}{item} is kept.", handled)
    if isinstance(declared, AssetOut):
        yield step.fact_event(materialization(step, declared, {**metadata, **handled.metadata}))


def _declared(step: StepContext, output: Output | DynamicOutput, mapping_key: str | None) -> Out:
    """Return how the op declares an output that it gave, which fits what it declares."""
    name = output.output_name
    declared = step.definition.outs.get(name)
    if declared is None:
        known = ", ".join(step.definition.outs) or "none"
        raise StepOutputError(
            f"op {step.step_key!r} gave an output {name!r}, which it does not declare; it declares: {known}"
        )
    if declared.is_dynamic != (mapping_key is not None):
        wanted = "DynamicOutput(value, mapping_key)" if declared.is_dynamic else "Output(value)"
        raise StepOutputError(
            f"op {step.step_key!r} gave its output {name!r} as {with_article(type(output).__name__)}: give {with_article(wanted)}"
        )
    if (name, mapping_key) in step.given_outputs:
        item = "" if mapping_key is None else f" for mapping key {mapping_key!r}"
        raise StepOutputError(f"op {step.step_key!r} gave its output {name!r}{item} twice")
    if not accepts(declared.type, output.value):
        raise TypeCheckError(
            f"output {name!r} of op {step.step_key!r} is {with_article(type(output.value).__name__)},"
            f" where {with_article(type_name(declared.type))} is declared"
        )
    return declared


def _keep_for_hooks(step: StepContext, output: Output | DynamicOutput, mapping_key: str | None) -> None:
    if mapping_key is None:
        step.output_values[output.output_name] = output.value
    else:
        step.output_values.setdefault(output.output_name, {})[mapping_key] = output.value
