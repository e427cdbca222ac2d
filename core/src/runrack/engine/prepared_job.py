"""PreparedJob: a job with all that must be right before a run of it is stored or started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from runrack.definitions.executor import ExecutorDefinition
from runrack.definitions.job import JobDefinition
from runrack.definitions.run_config import (
    DEFAULT_EXECUTOR,
    ResolvedRunConfig,
    executor_name,
    mapped_run_config,
    resolve_run_config,
)
from runrack.definitions.runnable_job import RunnableJob
from runrack.definitions.selection import Selection
from runrack.engine.plan import JobPlan, build_plan
from runrack.errors import InvalidArgumentError
from runrack.interfaces.part import InstanceServices
from runrack.records.known_state import KnownState
from runrack.records.run import Run
from runrack.records.tags import PARTITION

if TYPE_CHECKING:
    from runrack.config.document import Document


@dataclass(frozen=True)
class PreparedJob:
    """A job that can be run: its executor is found, its configuration checked, its plan made.

    Attributes:
        job: The job, or what leads to it.
        executor_def: What is going to execute it.
        run_config: The run configuration as it was given.
        config: What it comes to. Holds secrets.
        plan: The steps.
        op_selection: The ops that were asked for; None for all.
        known_state: What is known of earlier work on the steps.
    """

    job: RunnableJob
    executor_def: ExecutorDefinition
    run_config: Mapping[str, Any]
    config: ResolvedRunConfig
    plan: JobPlan
    op_selection: tuple[str, ...] | None = None
    known_state: KnownState | None = None

    def create_run(
        self, instance: InstanceServices, tags: Mapping[str, str] | None = None, run_id: str | None = None
    ) -> Run:
        """Store a new run of the job and return it.

        Args:
            instance: Where it is stored.
            tags: Labels, besides the job's.
            run_id: A UUID; a new one when left out.

        Raises:
            RunAlreadyExistsError: A run with this id is stored.
            InvalidArgumentError: The id is no UUID, a tag cannot be stored, or the job has partitions and the tag
                `runrack/partition` names none of them.
        """
        definition = self.plan.job
        all_tags = {**definition.tags, **(tags or {})}
        _check_partition(definition, all_tags.get(PARTITION), instance)
        selected = (
            None if self.op_selection is None else frozenset(step.node.name for step in self.plan.steps)
        )
        return instance.create_run(
            job_name=definition.name,
            run_id=run_id,
            run_config=self.run_config,
            tags=all_tags,
            op_selection=self.op_selection,
            resolved_op_selection=selected,
            job_snapshot=definition.snapshot,
            execution_plan_snapshot=self.plan.snapshot,
            job_code_origin=self.job.get_code_origin(),
        )


def prepare_job(
    job: RunnableJob,
    instance: InstanceServices,
    run_config: Mapping[str, Any] | None = None,
    op_selection: Selection | None = None,
    executor_def: ExecutorDefinition | None = None,
    document: Document | None = None,
) -> PreparedJob:
    """Return a job with all that must be right before it is run.

    Args:
        job: The job, or what leads to it.
        instance: Whose plugins can execute it.
        run_config: The run configuration; the job's own when None.
        op_selection: Only these ops, as `runrack.definitions.selection` says.
        executor_def: Executes the job, whatever it or the run configuration says.
        document: Where the run configuration comes from, for the positions of problems.

    Raises:
        ConfigError: The run configuration does not fit the job.
        ConfigMappingError: A function given to `configured` raised.
        InvalidArgumentError: The selection does not fit the job, or this is no job.
        LoadError: The job's code cannot be loaded.
        PluginError: The executor that is named cannot be used.
    """
    if not isinstance(job, RunnableJob):
        raise InvalidArgumentError(f"a {type(job).__name__} is no job: decorate a function with @job")
    definition = job.get_definition()
    given = definition.run_config if run_config is None else run_config
    if not isinstance(given, Mapping):
        raise InvalidArgumentError("the run configuration is a mapping with ops, resources, execution")
    mapped = mapped_run_config(definition, given)
    chosen = executor_def or find_executor(definition, mapped, instance)
    selection = _as_tuple(op_selection)
    plan = build_plan(definition, selection)
    config = resolve_run_config(definition, chosen, mapped, None if mapped is not given else document)
    return PreparedJob(job, chosen, given, config, plan, selection)


def find_executor(
    job: JobDefinition, run_config: Mapping[str, Any], instance: InstanceServices
) -> ExecutorDefinition:
    """Return what executes the job: what the run configuration names, else what the job has, else the default plugin.

    Raises:
        PluginError: The executor that is named cannot be used.
    """
    name = executor_name(run_config)
    if name is None and job.executor_def is not None:
        return job.executor_def
    found = instance.registry.load_plugin("executor", name or DEFAULT_EXECUTOR)
    return cast("ExecutorDefinition", found)


def _check_partition(job: JobDefinition, partition_key: str | None, instance: InstanceServices) -> None:
    partitions = job.partitions_def
    if partitions is None:
        return
    if partition_key is None:
        raise InvalidArgumentError(
            f"job {job.name!r} has partitions, of which a run makes one: give it a partition_key"
        )
    if not partitions.has_partition_key(partition_key, dynamic_partitions=instance):
        raise InvalidArgumentError(f"job {job.name!r} has no partition {partition_key!r}")


def _as_tuple(selection: Selection | None) -> tuple[str, ...] | None:
    if selection is None or isinstance(selection, str):
        return None if selection is None else (selection,)
    return tuple(selection)
