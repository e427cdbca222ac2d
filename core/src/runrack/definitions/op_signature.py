"""What the function of an op says about its inputs and outputs."""

from __future__ import annotations

import inspect
import typing
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_origin

from runrack.definitions.output import DEFAULT_OUTPUT, In, Nothing, Out, Output, check_name
from runrack.errors import InvalidDefinitionError

CONTEXT_NAMES = frozenset({"context", "_context", "_"})
_GENERATORS = frozenset({Generator, Iterator, Iterable, AsyncGenerator})
_POSITIONAL = frozenset({inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD})


@dataclass(frozen=True)
class OpSignature:
    """What an op takes and gives.

    Attributes:
        takes_context: Whether the function's first parameter is the context.
        ins: Inputs by name, in the order of the function's parameters.
        outs: Outputs by name, in the order in which a returned tuple gives them.
    """

    takes_context: bool
    ins: Mapping[str, In]
    outs: Mapping[str, Out]


def read_signature(
    name: str,
    function: Callable[..., Any],
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | None = None,
) -> OpSignature:
    """Return what the op takes and gives: what its function says, with `ins` and `out` added to it.

    A parameter without an annotation takes any value. What is given in `ins` and `out` comes before annotations.

    Raises:
        InvalidDefinitionError: The function cannot be an op, or `ins` names something that it does not take.
    """
    _check_function(name, function)
    parameters = list(inspect.signature(function).parameters.values())
    takes_context = bool(parameters) and parameters[0].name in CONTEXT_NAMES
    inputs = parameters[1:] if takes_context else parameters
    annotations = _annotations(function)
    given = _checked_ins(name, ins, {parameter.name for parameter in inputs})
    return OpSignature(
        takes_context,
        {p.name: _read_input(name, p, annotations, given.get(p.name)) for p in inputs}
        | {key: declared for key, declared in given.items() if declared.type is Nothing},
        _read_outputs(name, annotations.get("return", Any), out),
    )


def _check_function(name: str, function: object) -> None:
    if not callable(function):
        raise InvalidDefinitionError(f"op {name!r}: @op decorates a function")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise InvalidDefinitionError(
            f"op {name!r} is a coroutine function: make it an ordinary one that calls asyncio.run(…)"
        )


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # noqa: BLE001 - evaluating annotations runs any code; what cannot be evaluated is not checked
        return {}


def _checked_ins(name: str, ins: Mapping[str, In] | None, parameters: set[str]) -> Mapping[str, In]:
    for input_name, declared in (ins or {}).items():
        if not isinstance(declared, In):
            raise InvalidDefinitionError(f"op {name!r}: ins[{input_name!r}] is an In: write In({declared!r})")
        if declared.type is Nothing and input_name in parameters:
            raise InvalidDefinitionError(
                f"op {name!r}: input {input_name!r} is Nothing, so the function has no parameter of this name"
            )
        if declared.type is not Nothing and input_name not in parameters:
            raise InvalidDefinitionError(
                f"op {name!r}: ins has {input_name!r}, but the function has no parameter of this name"
            )
    return ins or {}


def _read_input(
    op_name: str, parameter: inspect.Parameter, annotations: Mapping[str, Any], given: In | None
) -> In:
    if parameter.kind not in _POSITIONAL | {inspect.Parameter.KEYWORD_ONLY}:
        raise InvalidDefinitionError(
            f"op {op_name!r}: {parameter} cannot be an input: name every input as a parameter of its own"
        )
    found = given or In()
    if found.type is Any:
        found = replace(found, type=annotations.get(parameter.name, Any))
    if found.has_default or parameter.default is inspect.Parameter.empty:
        return found
    return replace(found, default_value=parameter.default)


def _read_outputs(op_name: str, returned: Any, out: Out | Mapping[str, Out] | None) -> dict[str, Out]:
    if out is None or isinstance(out, Out):
        single = out or Out()
        return {
            DEFAULT_OUTPUT: replace(single, type=_single_type(returned)) if single.type is Any else single
        }
    if not isinstance(out, Mapping) or not all(isinstance(declared, Out) for declared in out.values()):
        raise InvalidDefinitionError(f"op {op_name!r}: out is an Out or a mapping from names to Outs")
    return {check_name(f"an output of op {op_name!r}", key): declared for key, declared in out.items()}


def _single_type(returned: Any) -> Any:
    """Return what the annotation of a result says about the value of the only output."""
    origin = get_origin(returned)
    if returned is Output or origin in _GENERATORS:
        return Any
    return returned
