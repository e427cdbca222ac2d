"""What an op gives: read from what its function returns or yields, checked, and handed on."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from runrack.definitions.error_boundary import user_code_error_boundary
from runrack.definitions.output import Output
from runrack.definitions.value_type import accepts, type_name
from runrack.engine.step_context import StepContext
from runrack.engine.step_values import keep_output
from runrack.engine.user_fact import UserFact
from runrack.errors import ExecutionStepExecutionError, StepOutputError, TypeCheckError
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
        elif isinstance(item, Output):
            yield from _hand_on(step, item)
        else:
            raise StepOutputError(
                f"op {step.step_key!r} yields a {type(item).__name__}: yield Output(value), or what is to be said about assets"
            )
    missing = [
        name
        for name, declared in step.definition.outs.items()
        if declared.is_required and name not in step.given_outputs
    ]
    if missing:
        raise StepOutputError(
            f"op {step.step_key!r} did not give its output {missing[0]!r}: give it, or declare Out(is_required=False)"
        )


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
        op_name=step.step_key,
        op_def_name=step.definition.name,
    )


def _returned_items(step: StepContext, returned: Any) -> list[object]:
    outs = step.definition.outs
    if isinstance(returned, Output | UserFact):
        return [returned]
    if returned is None and not any(declared.is_required for declared in outs.values()):
        return []
    names = list(outs)
    if len(names) == 1:
        return [Output(returned, names[0])]
    if not isinstance(returned, tuple) or len(returned) != len(names):
        wanted = f"a tuple of {len(names)}: {', '.join(names)}" if names else "nothing"
        raise StepOutputError(
            f"op {step.step_key!r} returned a {type(returned).__name__}, where it declares {wanted}"
        )
    return [
        value if isinstance(value, Output) else Output(value, name)
        for name, value in zip(names, returned, strict=True)
    ]


def _hand_on(step: StepContext, output: Output) -> Iterator[Event]:
    name = output.output_name
    declared = step.definition.outs.get(name)
    if declared is None:
        known = ", ".join(step.definition.outs) or "none"
        raise StepOutputError(
            f"op {step.step_key!r} gave an output {name!r}, which it does not declare; it declares: {known}"
        )
    if name in step.given_outputs:
        raise StepOutputError(f"op {step.step_key!r} gave its output {name!r} twice")
    if not accepts(declared.type, output.value):
        raise TypeCheckError(
            f"output {name!r} of op {step.step_key!r} is a {type(output.value).__name__},"
            f" where a {type_name(declared.type)} is declared"
        )
    step.given_outputs.add(name)
    metadata = {**step.output_metadata.get(name, {}), **to_metadata(output.metadata)}
    data = StepOutputData(name, type_name=type_name(declared.type), metadata=metadata)
    yield step.event(EventType.STEP_OUTPUT, f"Gave output {name!r}.", data)
    handled = keep_output(step, OutputHandle(step.step_key, name), declared, output.value)
    yield step.event(EventType.HANDLED_OUTPUT, f"Output {name!r} is kept.", handled)
