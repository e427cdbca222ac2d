"""Handing the values of a step's outputs to their IO managers, and loading those of its inputs."""

from __future__ import annotations

from typing import Any

from runrack.definitions.asset import AssetOut
from runrack.definitions.error_boundary import user_code_error_boundary
from runrack.definitions.output import DEFAULT_OUTPUT, Out
from runrack.engine.asset_facts import partition_of
from runrack.engine.step_context import StepContext
from runrack.errors import HandleOutputError, InvalidDefinitionError, LoadInputError, with_article
from runrack.interfaces.io_manager import DEFAULT_IO_MANAGER_KEY, InputContext, IOManager, OutputContext
from runrack.records.event_data import HandledOutputData, LoadedInputData
from runrack.records.known_state import OutputHandle


def keep_output(step: StepContext, handle: OutputHandle, declared: Out, value: Any) -> HandledOutputData:
    """Hand a value to the IO manager of its output and return what there is to say about it.

    Raises:
        HandleOutputError: The manager raised.
        UnstorableValueError: The manager cannot keep such a value.
    """
    manager = _manager(step, declared)
    context = _output_context(step, handle, declared, step.run.run_id)
    outputs = step.run_context.outputs
    with user_code_error_boundary(
        HandleOutputError,
        lambda: (
            f"IO manager {declared.io_manager_key!r} raised with output {handle.output_name!r} of step {handle.step_key!r}"
        ),
    ):
        manager.handle_output(context, value)
    outputs.keep_value(handle, value)
    return HandledOutputData(handle.output_name, declared.io_manager_key, context.metadata)


def load_output(
    step: StepContext, input_name: str, handle: OutputHandle, declared: Out
) -> tuple[Any, LoadedInputData]:
    """Return the value of another step's output for an input of this one, and what there is to say about it.

    Args:
        step: The step that needs it.
        input_name: Its input.
        handle: The output.
        declared: How the op that gave it declares it.

    Raises:
        LoadInputError: The manager raised.
        ValueNotFoundError: The value is not kept.
    """
    run_id = step.run_context.active.given.run_of(handle)
    return _load(step, input_name, declared, _output_context(step, handle, declared, run_id))


def load_asset(step: StepContext, input_name: str, declared: AssetOut) -> tuple[Any, LoadedInputData]:
    """Return the value of an asset that the run does not make for an input, and what there is to say about it.

    Args:
        step: The step that needs it.
        input_name: Its input.
        declared: How the op that made the asset declares it.

    Raises:
        LoadInputError: The manager raised.
        ValueNotFoundError: The value is not kept.
    """
    handle = OutputHandle(declared.asset_key.to_user_string(), DEFAULT_OUTPUT)
    return _load(step, input_name, declared, _output_context(step, handle, declared, step.run.run_id))


def _load(
    step: StepContext, input_name: str, declared: Out, upstream: OutputContext
) -> tuple[Any, LoadedInputData]:
    manager = _manager(step, declared)
    declared_input = step.definition.ins[input_name]
    context = InputContext(
        step.run.run_id, step.run.job_name, step.step_key, input_name, upstream, declared_input.type
    )
    with user_code_error_boundary(
        LoadInputError,
        lambda: (
            f"IO manager {declared.io_manager_key!r} raised with input {input_name!r} of step {step.step_key!r}"
        ),
    ):
        value = manager.load_input(context)
    return value, LoadedInputData(input_name, declared.io_manager_key, upstream.name, upstream.step_key)


def _manager(step: StepContext, declared: Out) -> IOManager:
    key = declared.io_manager_key
    resources = step.run_context.resources
    if key == DEFAULT_IO_MANAGER_KEY and not resources.has(key):
        return step.run_context.outputs.default_manager
    found = resources.get(key)
    if not isinstance(found, IOManager):
        raise InvalidDefinitionError(
            f"resource {key!r} is {with_article(type(found).__name__)}, where an output names it as its IOManager"
        )
    return found


def _output_context(step: StepContext, handle: OutputHandle, declared: Out, run_id: str) -> OutputContext:
    return OutputContext(
        run_id,
        step.run.job_name,
        handle.step_key,
        handle.output_name,
        step.instance,
        step.op_context.log,
        mapping_key=handle.mapping_key,
        asset_key=declared.asset_key if isinstance(declared, AssetOut) else None,
        partition_key=partition_of(step.run, declared),
        type=declared.type,
    )
