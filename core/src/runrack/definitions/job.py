"""JobDefinition: ops and what connects them; `job` makes one from a function that calls ops."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, overload

from runrack.definitions.composition import OpNode, compose
from runrack.definitions.config_mapping import ConfigMapping
from runrack.definitions.executor import ExecutorDefinition
from runrack.definitions.hook import HookDefinition, check_hooks
from runrack.definitions.in_process import InProcessRequest, find_runner
from runrack.definitions.invoked_output import outputs_of
from runrack.definitions.job_result import ExecuteInProcessResult
from runrack.definitions.output import check_name
from runrack.definitions.partitions import PartitionsDefinition
from runrack.definitions.resource import ResourceDefinition, as_resource_definitions, in_setup_order
from runrack.definitions.retry_policy import RetryPolicy, check_retry_policy
from runrack.definitions.selection import Selection
from runrack.errors import InvalidArgumentError, InvalidDefinitionError, with_article
from runrack.interfaces.io_manager import DEFAULT_IO_MANAGER_KEY
from runrack.interfaces.part import InstanceServices
from runrack.records.asset import check_tags
from runrack.records.run import JobCodeOrigin
from runrack.records.snapshot import JobSnapshot, OpSnapshot
from runrack.records.tags import PARTITION

if TYPE_CHECKING:
    from runrack.definitions.graph import GraphDefinition


class JobDefinition:
    """Ops and what connects them: what a run executes.

    Args:
        name: What users call it.
        nodes: The ops by name, each after those whose outputs it needs.
        description: For people.
        resource_defs: Resources by the keys that ops require; a value that is no ResourceDefinition is the resource itself.
        executor_def: How its steps are executed; when left out, the run configuration names an executor.
        tags: Labels of its runs.
        config: The run configuration, as far as runs are not given another (for an op, a resource, or the execution); or a
            ConfigMapping that makes the run configuration from what runs are given.
        retry_policy: How often a step that failed is tried again, where its op says nothing of it.
        hooks: What is called after each step.
        graphs: The graphs that its ops lie in, by name.
        partitions_def: Which partitions it has, of which a run makes one; None for a job without.

    Raises:
        InvalidDefinitionError: An argument does not fit, or an op requires a resource that the job does not have.
    """

    def __init__(
        self,
        name: str,
        nodes: Mapping[str, OpNode],
        description: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        executor_def: ExecutorDefinition | None = None,
        tags: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | ConfigMapping | None = None,
        retry_policy: RetryPolicy | None = None,
        hooks: Iterable[HookDefinition] | None = None,
        graphs: Mapping[str, GraphDefinition] | None = None,
        partitions_def: PartitionsDefinition | None = None,
    ) -> None:
        self._name = check_name("a job", name)
        self._nodes = dict(nodes)
        self._description = description
        self._resource_defs = as_resource_definitions(resource_defs)
        self._executor_def = _checked_executor(name, executor_def)
        self._tags = check_tags(tags)
        self._config_mapping = config if isinstance(config, ConfigMapping) else None
        self._config = {} if isinstance(config, ConfigMapping) else _checked_config(name, config)
        self._retry_policy = check_retry_policy(f"job {name!r}", retry_policy)
        self._hooks = check_hooks(f"job {name!r}", hooks)
        self._graphs = dict(graphs or {})
        self._partitions_def = _checked_partitions(name, partitions_def)
        for node in self._nodes.values():
            self._check_resources(node)

    @property
    def name(self) -> str:
        """What users call it."""
        return self._name

    @property
    def description(self) -> str | None:
        """For people."""
        return self._description

    @property
    def nodes(self) -> Mapping[str, OpNode]:
        """The ops by name, each after those whose outputs it needs."""
        return self._nodes

    @property
    def resource_defs(self) -> Mapping[str, ResourceDefinition]:
        """The resources by key."""
        return self._resource_defs

    @property
    def executor_def(self) -> ExecutorDefinition | None:
        """How its steps are executed; None when the run configuration names an executor."""
        return self._executor_def

    @property
    def tags(self) -> Mapping[str, str]:
        """Labels of its runs."""
        return self._tags

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run configuration, as far as runs are not given another."""
        return self._config

    @property
    def config_mapping(self) -> ConfigMapping | None:
        """What makes the run configuration from what runs are given; None when they are given the run configuration."""
        return self._config_mapping

    @property
    def graphs(self) -> Mapping[str, GraphDefinition]:
        """The graphs that its ops lie in, by name, each after those that it lies in."""
        return self._graphs

    @property
    def partitions_def(self) -> PartitionsDefinition | None:
        """Which partitions it has, of which a run makes one; None for a job without."""
        return self._partitions_def

    def retry_policy_of(self, node: OpNode) -> RetryPolicy | None:
        """Return how often a failed step of an op is tried again; None for never."""
        own = node.definition.retry_policy
        return self._retry_policy if own is None else own

    def hooks_of(self, node: OpNode) -> tuple[HookDefinition, ...]:
        """Return what is called after a step of an op: the job's hooks first."""
        return (*self._hooks, *(hook for hook in node.definition.hooks if hook not in self._hooks))

    @property
    def snapshot(self) -> JobSnapshot:
        """What the job looks like, as it is stored with its runs."""
        return JobSnapshot(
            name=self._name,
            description=self._description,
            tags=self._tags,
            ops=tuple(_op_snapshot(node) for node in self._nodes.values()),
            resource_keys=tuple(sorted(self._resource_defs)),
        )

    def get_definition(self) -> JobDefinition:
        """Return the job itself."""
        return self

    def get_code_origin(self) -> JobCodeOrigin | None:
        """Return None: only this process knows this object. `reconstructable(job)` is known to others."""
        return None

    def with_resources(self, resources: Mapping[str, Any]) -> JobDefinition:
        """Return the job with other resources under some of its keys.

        Raises:
            InvalidArgumentError: The job has no such key.
        """
        unknown = sorted(set(resources) - set(self._resource_defs))
        if unknown:
            known = ", ".join(sorted(self._resource_defs)) or "none"
            raise InvalidArgumentError(f"job {self._name!r} has no resource {unknown[0]!r}; it has: {known}")
        made = copy.copy(self)
        vars(made)["_resource_defs"] = as_resource_definitions({**self._resource_defs, **resources})
        return made

    def required_resources(self, node_names: Any = None) -> list[str]:
        """Return the keys of what the ops of these names (all by default) require, in the order of setting up."""
        nodes = self._nodes.values() if node_names is None else [self._nodes[name] for name in node_names]
        keys = {key for node in nodes for key in self._required_keys(node)}
        return in_setup_order(self._resource_defs, keys)

    def execute_in_process(
        self,
        run_config: Mapping[str, Any] | None = None,
        instance: InstanceServices | None = None,
        tags: Mapping[str, str] | None = None,
        raise_on_error: bool = True,
        resources: Mapping[str, Any] | None = None,
        partition_key: str | None = None,
        op_selection: Selection | None = None,
    ) -> ExecuteInProcessResult:
        """Run the job in this process, whatever its executor, and return what came of it.

        Args:
            run_config: The run configuration; what it leaves out is as the job's own says.
            instance: Where the run is stored; an ephemeral one, gone afterwards, when left out.
            tags: Labels of the run, besides the job's.
            raise_on_error: Raise the exception that ended the run in failure.
            resources: Values or definitions that take the place of the job's resources of the same keys.
            partition_key: Which partition the run makes, of a job with partitions.
            op_selection: Only these ops, as `runrack.definitions.selection` says.

        Raises:
            ConfigError: The run configuration does not fit the job.
            InvalidArgumentError: `resources` has a key that the job does not have, or the job no such partition.
            Exception: What an op or a resource raised, with `raise_on_error`.
        """
        all_tags = tags if partition_key is None else {**(tags or {}), PARTITION: partition_key}
        request = InProcessRequest(
            self, run_config, instance, all_tags, resources, raise_on_error, op_selection
        )
        return find_runner()(request)

    def _required_keys(self, node: OpNode) -> frozenset[str]:
        of_hooks = (hook.required_resource_keys for hook in self.hooks_of(node))
        return node.definition.required_resource_keys.union(self._io_manager_keys(node), *of_hooks)

    def _io_manager_keys(self, node: OpNode) -> set[str]:
        """Return the resources that keep what the op gives and what it needs."""
        upstream = [
            self._nodes[output.node_name].definition.outs[output.output_name]
            for output in node.upstream_outputs
        ]
        keys = {declared.io_manager_key for declared in (*node.definition.outs.values(), *upstream)}
        return keys if DEFAULT_IO_MANAGER_KEY in self._resource_defs else keys - {DEFAULT_IO_MANAGER_KEY}

    def _check_resources(self, node: OpNode) -> None:
        missing = sorted(self._required_keys(node) - set(self._resource_defs))
        if missing:
            raise InvalidDefinitionError(
                f"op {node.name!r} of job {self._name!r} requires resource {missing[0]!r}, which the job does not have:"
                f" add {missing[0]!r} to resource_defs"
            )


def _op_snapshot(node: OpNode) -> OpSnapshot:
    inputs: dict[str, tuple[str, ...]] = dict.fromkeys(node.definition.ins, ())
    for name, source in node.inputs.items():
        inputs[name] = tuple(f"{output.node_name}.{output.output_name}" for output in outputs_of(source))
    outputs = tuple(node.definition.outs)
    return OpSnapshot(node.name, node.definition.name, inputs, outputs, node.definition.pool)


def _checked_executor(job_name: str, executor_def: object) -> ExecutorDefinition | None:
    if executor_def is None or isinstance(executor_def, ExecutorDefinition):
        return executor_def
    raise InvalidDefinitionError(
        f"executor_def of job {job_name!r} is {with_article(type(executor_def).__name__)}: give an ExecutorDefinition;"
        " @executor makes one from a function, ExecutorDefinition.hardcoded_executor from an Executor"
    )


def _checked_config(job_name: str, config: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if config is not None and not isinstance(config, Mapping):
        raise InvalidDefinitionError(
            f"config of job {job_name!r} is {with_article(type(config).__name__)}: give a mapping with ops, resources, execution"
        )
    return dict(config or {})


def _checked_partitions(job_name: str, partitions_def: object) -> PartitionsDefinition | None:
    if partitions_def is None or isinstance(partitions_def, PartitionsDefinition):
        return partitions_def
    raise InvalidDefinitionError(
        f"partitions_def of job {job_name!r} is {with_article(type(partitions_def).__name__)}: give a PartitionsDefinition"
    )


JobFunction = Callable[[], Any]


@overload
def job(name: JobFunction) -> JobDefinition: ...
@overload
def job(
    name: str | None = None,
    description: str | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    executor_def: ExecutorDefinition | None = None,
    tags: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | ConfigMapping | None = None,
    retry_policy: RetryPolicy | None = None,
    hooks: Iterable[HookDefinition] | None = None,
    partitions_def: PartitionsDefinition | None = None,
) -> Callable[[JobFunction], JobDefinition]: ...
def job(
    name: str | JobFunction | None = None,
    description: str | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    executor_def: ExecutorDefinition | None = None,
    tags: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | ConfigMapping | None = None,
    retry_policy: RetryPolicy | None = None,
    hooks: Iterable[HookDefinition] | None = None,
    partitions_def: PartitionsDefinition | None = None,
) -> JobDefinition | Callable[[JobFunction], JobDefinition]:
    """Return a job for the decorated function, whose body calls ops; usable bare and with arguments.

    The body runs once, now. Calls in it run nothing: each adds an op to the job, and what it returns stands for the op's
    outputs. An op that is called again gets the name `name_2`, unless `op.alias(…)` gives it one. A list of outputs that
    is handed to an input becomes the list of their values.

    Args:
        name: What users call it; the function's name when left out.
        description: For people; the function's docstring when left out.
        resource_defs: Resources by the keys that ops require; a value that is no ResourceDefinition is the resource itself.
        executor_def: How its steps are executed; when left out, the run configuration names an executor.
        tags: Labels of its runs.
        config: The run configuration, as far as runs are not given another (for an op, a resource, or the execution); or a
            ConfigMapping that makes the run configuration from what runs are given.
        retry_policy: How often a step that failed is tried again, where its op says nothing of it.
        hooks: What is called after each step.
        partitions_def: Which partitions it has, of which a run makes one: `context.partition_key`.

    Raises:
        InvalidDefinitionError: The body takes arguments, a call in it or an argument does not fit.
    """
    if name is not None and not isinstance(name, str):
        return _define(name, name.__name__, description)
    arguments = {
        "resource_defs": resource_defs,
        "executor_def": executor_def,
        "tags": tags,
        "config": config,
        "retry_policy": retry_policy,
        "hooks": hooks,
        "partitions_def": partitions_def,
    }
    return lambda function: _define(function, name or function.__name__, description, **arguments)


def _define(function: JobFunction, name: str, description: str | None, **arguments: Any) -> JobDefinition:
    if not callable(function) or inspect.signature(function).parameters:
        raise InvalidDefinitionError(
            f"job {name!r}: @job decorates a function without parameters; what varies is run configuration"
        )
    shown = description if description is not None else inspect.getdoc(function)
    composition = compose(name, function)
    definition = JobDefinition(name, composition.nodes, shown, graphs=composition.graphs, **arguments)
    functools.update_wrapper(definition, function)  # type: ignore[arg-type]
    return definition
