"""The run configuration of a job: its schema, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runrack.config.evaluation import evaluate_or_raise
from runrack.config.vocabulary import AnyValue, Bool, Field, Float, Int, Shape, String
from runrack.definitions.composition import OpNode
from runrack.definitions.executor import ExecutorDefinition
from runrack.definitions.job import JobDefinition
from runrack.definitions.output import In

if TYPE_CHECKING:
    from runrack.config.document import Document

DEFAULT_EXECUTOR = "in_process"
"""The executor plugin of a job that has no executor of its own, when its run configuration names none."""

_INPUT_CONFIG = {str: String, int: Int, float: Float, bool: Bool}


@dataclass(frozen=True)
class ResolvedRunConfig:
    """A run configuration that is checked, with its defaults in place and its references resolved. Holds secrets: never store it.

    Attributes:
        ops: What each op's function gets as its configuration, by name of the op.
        inputs: The values that are given to inputs, by name of the op and of the input.
        resources: What each resource's function gets, by key.
        executor: What the executor's function gets.
    """

    ops: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    executor: Mapping[str, Any] = field(default_factory=dict)


def executor_name(run_config: Mapping[str, Any]) -> str | None:
    """Return the executor plugin that a run configuration names; None where it names none, or not in the right way."""
    execution = run_config.get("execution")
    name = execution.get("executor") if isinstance(execution, Mapping) else None
    return name if isinstance(name, str) else None


def run_config_schema(job: JobDefinition, executor_def: ExecutorDefinition) -> Shape:
    """Return the schema of the run configuration of a job under an executor."""
    required = set(job.required_resources())
    return Shape(
        {
            "ops": Field(Shape({name: _node_field(node) for name, node in job.nodes.items()})),
            "resources": Field(
                Shape(
                    {
                        key: _config_field(definition.config_contract.field, is_used=key in required)
                        for key, definition in job.resource_defs.items()
                    }
                )
            ),
            "execution": Field(
                Shape(
                    {
                        "executor": Field(String, is_required=False, is_secret=False),
                        "config": executor_def.config_contract.field,
                    }
                )
            ),
        }
    )


def resolve_run_config(
    job: JobDefinition,
    executor_def: ExecutorDefinition,
    run_config: Mapping[str, Any],
    document: Document | None = None,
) -> ResolvedRunConfig:
    """Return what a run configuration comes to.

    Args:
        job: The job that is to run.
        executor_def: The executor that is to execute it.
        run_config: Plain data: `ops`, `resources` and `execution`, each where it is needed.
        document: Where it comes from, for the positions of problems.

    Raises:
        ConfigError: It does not fit; the message is one screen.
        ConfigMappingError: A function given to `configured` raised.
    """
    schema = run_config_schema(job, executor_def)
    value = evaluate_or_raise(schema, _with_all_entries(job, run_config), document=document)
    return ResolvedRunConfig(
        ops={
            name: node.definition.config_contract.apply(value["ops"][name].get("config"), f"op {name!r}")
            for name, node in job.nodes.items()
        },
        inputs={
            (name, input_name): given["value"]
            for name, entry in value["ops"].items()
            for input_name, given in entry.get("inputs", {}).items()
        },
        resources={
            key: job.resource_defs[key].config_contract.apply(
                value["resources"][key].get("config"), f"resource {key!r}"
            )
            for key in job.required_resources()
        },
        executor=executor_def.config_contract.apply(
            value["execution"].get("config"), f"executor {executor_def.name!r}"
        )
        or {},
    )


def _with_all_entries(job: JobDefinition, run_config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run configuration with empty entries where it has none, so that a problem names what is missing in them."""
    return {
        **run_config,
        "ops": _with_entries(run_config.get("ops", {}), job.nodes),
        "resources": _with_entries(run_config.get("resources", {}), job.required_resources()),
        "execution": run_config.get("execution", {}),
    }


def _with_entries(section: Any, names: Iterable[str]) -> Any:
    return {**{name: {} for name in names}, **section} if isinstance(section, Mapping) else section


def _node_field(node: OpNode) -> Field:
    fields = {"config": node.definition.config_contract.field}
    open_inputs = {
        name: _input_field(declared)
        for name, declared in node.definition.ins.items()
        if name not in node.inputs
    }
    if open_inputs:
        fields["inputs"] = Field(Shape(open_inputs))
    return Field(Shape(fields), description=node.definition.description)


def _input_field(declared: In) -> Field:
    config = _INPUT_CONFIG.get(declared.type, AnyValue) if isinstance(declared.type, type) else AnyValue
    return Field(
        Shape({"value": Field(config)}),
        is_required=not declared.has_default,
        description=declared.description,
    )


def _config_field(config: Field, *, is_used: bool) -> Field:
    shape = Shape({"config": config})
    return Field(shape) if is_used else Field(shape, is_required=False)
