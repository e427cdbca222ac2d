"""The run configuration of a job: its schema, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runrack.config.evaluation import evaluate_or_raise
from runrack.config.vocabulary import AnyValue, Bool, Field, Float, Int, Shape, String
from runrack.definitions.composition import OpNode
from runrack.definitions.configured import ConfigContract
from runrack.definitions.error_boundary import user_code_error_boundary
from runrack.definitions.executor import ExecutorDefinition
from runrack.definitions.graph import GraphDefinition
from runrack.definitions.job import JobDefinition
from runrack.definitions.op import OpDefinition
from runrack.definitions.output import In, Nothing
from runrack.errors import ConfigError, ConfigMappingError, with_article

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


def mapped_run_config(job: JobDefinition, run_config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the run configuration that the job's ConfigMapping, if it has one, makes from what a run is given.

    Raises:
        ConfigError: What is given does not fit the mapping's schema.
        ConfigMappingError: The mapping's function raised.
    """
    mapping = job.config_mapping
    if mapping is None:
        return run_config
    label = f"job {job.name!r}"
    checked = evaluate_or_raise(ConfigContract.from_schema(mapping.config_schema).field, run_config)
    with user_code_error_boundary(ConfigMappingError, lambda: f"the config function of {label} raised"):
        made = mapping.config_fn(checked)
    if not isinstance(made, Mapping):
        raise ConfigError(
            f"the config function of {label} gave {with_article(type(made).__name__)}: a mapping is needed"
        )
    return made


def merged_run_config(default: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the run configuration of a run that is given one, of a job that has one.

    - What is given for an op, a graph or a resource takes the place of all that the job says for it; of the others, the job's
      counts.
    - `execution` is taken as a whole: another executor has another configuration.
    """
    if not default or not given:
        return given or default
    merged = {**default, **given}
    for section in ("ops", "resources"):
        ours, theirs = default.get(section), given.get(section)
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            merged[section] = {**ours, **theirs}
    return merged


def run_config_schema(job: JobDefinition, executor_def: ExecutorDefinition | None) -> Shape:
    """Return the schema of the run configuration of a job under an executor, which has no settings when it is None."""
    required = set(job.required_resources())
    executor_config = {} if executor_def is None else {"config": executor_def.config_contract.field}
    return Shape(
        {
            "ops": Field(_ops_shape(_op_tree(job))),
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
                        **executor_config,
                    }
                )
            ),
        }
    )


def resolve_run_config(
    job: JobDefinition,
    executor_def: ExecutorDefinition | None,
    run_config: Mapping[str, Any],
    document: Document | None = None,
) -> ResolvedRunConfig:
    """Return what a run configuration comes to.

    Args:
        job: The job that is to run.
        executor_def: The executor that is to execute it; None where only its steps are executed, and another process has
            the executor: what `execution` says is left aside.
        run_config: Plain data: `ops`, `resources` and `execution`, each where it is needed.
        document: Where it comes from, for the positions of problems.

    Raises:
        ConfigError: It does not fit; the message is one screen.
        ConfigMappingError: A function given to `configured` or to a ConfigMapping raised.
    """
    schema = run_config_schema(job, executor_def)
    given = _with_all_entries(job, run_config)
    if executor_def is None:
        given["execution"] = {}
    value = evaluate_or_raise(schema, given, document=document)
    ops: dict[str, Any] = {}
    inputs: dict[tuple[str, str], Any] = {}
    for node, entry in _op_entries(_op_tree(job), value["ops"]):
        contract = node.definition.config_contract
        ops[node.name] = contract.apply(entry.get("config"), f"op {node.name!r}")
        for input_name, given in entry.get("inputs", {}).items():
            inputs[node.name, input_name] = given["value"]
    return ResolvedRunConfig(
        ops=ops,
        inputs=inputs,
        resources={
            key: job.resource_defs[key].config_contract.apply(
                value["resources"][key].get("config"), f"resource {key!r}"
            )
            for key in job.required_resources()
        },
        executor=_executor_config(executor_def, value["execution"]),
    )


def _executor_config(
    executor_def: ExecutorDefinition | None, execution: Mapping[str, Any]
) -> Mapping[str, Any]:
    if executor_def is None:
        return {}
    config = executor_def.config_contract.apply(execution.get("config"), f"executor {executor_def.name!r}")
    return config or {}


def fill_run_config(
    job: JobDefinition, executor_def: ExecutorDefinition, run_config: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a run configuration with its defaults in place, for people: references stay references.

    Raises:
        ConfigError: It does not fit; the message is one screen.
    """
    schema = run_config_schema(job, executor_def)
    filled: dict[str, Any] = evaluate_or_raise(schema, _with_all_entries(job, run_config), resolve=False)
    return filled


@dataclass(frozen=True)
class _Graph:
    """A graph of a job with all that lies in it, by the names that those have there."""

    name: str
    definition: GraphDefinition
    children: dict[str, OpNode | _Graph] = field(default_factory=dict)


_OpTree = Mapping[str, OpNode | _Graph]


def _op_tree(job: JobDefinition) -> _OpTree:
    """Return the ops of a job as the run configuration has them: those of a graph below the graph."""
    root: dict[str, OpNode | _Graph] = {}
    children = {"": root}
    for path, definition in job.graphs.items():
        found = _Graph(path, definition)
        parent, _, name = path.rpartition(".")
        children[parent][name] = found
        children[path] = found.children
    for path, node in job.nodes.items():
        parent, _, name = path.rpartition(".")
        children[parent][name] = node
    return root


def _ops_shape(tree: _OpTree) -> Shape:
    made: dict[tuple[OpDefinition, frozenset[str]], Field] = {}
    return Shape(
        {
            name: _node_field(found, made) if isinstance(found, OpNode) else _graph_field(found)
            for name, found in tree.items()
        }
    )


def _graph_field(graph: _Graph) -> Field:
    definition = graph.definition
    if definition.config_fn is None:
        return Field(Shape({"ops": Field(_ops_shape(graph.children))}), description=definition.description)
    return Field(Shape({"config": definition.config_contract.field}), description=definition.description)


def _op_entries(tree: _OpTree, value: Mapping[str, Any]) -> Iterator[tuple[OpNode, Mapping[str, Any]]]:
    """Yield each op with what a checked configuration of this level has for it."""
    for name, found in tree.items():
        if isinstance(found, OpNode):
            yield found, value[name]
        elif found.definition.config_fn is None:
            yield from _op_entries(found.children, value[name]["ops"])
        else:
            yield from _op_entries(found.children, _mapped_ops(found, value[name].get("config")))


def _mapped_ops(graph: _Graph, config: Any) -> Mapping[str, Any]:
    """Return what the graph's own configuration comes to for the ops in it."""
    config_fn = graph.definition.config_fn
    inner = ConfigContract(Field(_ops_shape(graph.children)))
    outer = ConfigContract(
        graph.definition.config_contract.field,
        lambda given: _with_entries(config_fn(given) if config_fn else {}, graph.children),
        inner,
    )
    label = f"graph {graph.name!r}"
    mapped: Mapping[str, Any] = outer.apply(graph.definition.config_contract.apply(config, label), label)
    return mapped


def _with_all_entries(job: JobDefinition, run_config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run configuration with empty entries where it has none, so that a problem names what is missing in them."""
    resources = run_config.get("resources", {})
    names: dict[str, Any] = {key: {} for key in job.required_resources()}
    return {
        **run_config,
        "ops": _with_entries(run_config.get("ops", {}), _op_tree(job)),
        "resources": {**names, **resources} if isinstance(resources, Mapping) else resources,
        "execution": run_config.get("execution", {}),
    }


def _with_entries(section: Any, tree: _OpTree) -> Any:
    if not isinstance(section, Mapping):
        return section
    return {**{name: {} for name in tree}, **section} | {
        name: _with_inner_entries(section.get(name, {}), found)
        for name, found in tree.items()
        if isinstance(found, _Graph) and found.definition.config_fn is None
    }


def _with_inner_entries(section: Any, graph: _Graph) -> Any:
    if not isinstance(section, Mapping):
        return section
    return {**section, "ops": _with_entries(section.get("ops", {}), graph.children)}


def _node_field(node: OpNode, made: dict[tuple[OpDefinition, frozenset[str]], Field]) -> Field:
    """Return what an op accepts: one object for all of one definition, of which a job may have thousands."""
    open_inputs = [
        name
        for name, declared in node.definition.ins.items()
        if name not in node.inputs and declared.type is not Nothing
    ]
    key = (node.definition, frozenset(open_inputs))
    if key not in made:
        made[key] = _definition_field(node.definition, open_inputs)
    return made[key]


def _definition_field(definition: OpDefinition, open_inputs: Sequence[str]) -> Field:
    fields = {"config": definition.config_contract.field}
    if open_inputs:
        fields["inputs"] = Field(Shape({name: _input_field(definition.ins[name]) for name in open_inputs}))
    return Field(Shape(fields), description=definition.description)


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
