"""PreparedJob: a job with all that must be right before a run of it is stored or started."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from runrack.definitions.asset import AssetOut
from runrack.definitions.executor import ExecutorDefinition
from runrack.definitions.executor_plugin import load_executor
from runrack.definitions.job import JobDefinition
from runrack.definitions.run_config import (
    DEFAULT_EXECUTOR,
    ResolvedRunConfig,
    executor_name,
    mapped_run_config,
    merged_run_config,
    resolve_run_config,
)
from runrack.definitions.runnable_job import RunnableJob
from runrack.definitions.selection import Selection
from runrack.engine.plan import JobPlan, build_plan
from runrack.engine.reexecution import (
    ReexecutionOptions,
    find_earlier_work,
    get_run,
    steps_to_execute,
)
from runrack.errors import InvalidArgumentError, with_article
from runrack.interfaces.part import InstanceServices
from runrack.records.asset_key import AssetKey
from runrack.records.known_state import KnownState
from runrack.records.run import RemoteJobOrigin, Run
from runrack.records.tags import IS_RESUME_RETRY, OWN_TAG_PREFIX, PARENT_RUN_ID, PARTITION, ROOT_RUN_ID

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
        parent: The run that is taken up.
        is_from_failure: Whether it is taken up where it failed.
    """

    job: RunnableJob
    executor_def: ExecutorDefinition
    run_config: Mapping[str, Any]
    config: ResolvedRunConfig
    plan: JobPlan
    op_selection: tuple[str, ...] | None = None
    known_state: KnownState | None = None
    parent: Run | None = None
    is_from_failure: bool = False

    def create_run(
        self,
        instance: InstanceServices,
        tags: Mapping[str, str] | None = None,
        run_id: str | None = None,
        remote_job_origin: RemoteJobOrigin | None = None,
    ) -> Run:
        """Store a new run of the job and return it.

        Args:
            instance: Where it is stored.
            tags: Labels, besides the job's.
            run_id: A UUID; a new one when left out.
            remote_job_origin: Under which name a workspace has the job, for a run that is to be submitted.

        Raises:
            RunAlreadyExistsError: A run with this id is stored.
            InvalidArgumentError: The id is no UUID, a tag cannot be stored, or the job has partitions and the tag
                `runrack/partition` names none of them.
        """
        definition = self.plan.job
        all_tags = self.tags_of_run(instance, tags)
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
            asset_selection=self._made_assets(),
            root_run_id=None if self.parent is None else self.parent.root_run_id or self.parent.run_id,
            parent_run_id=None if self.parent is None else self.parent.run_id,
            step_keys_to_execute=[step.key for step in self.plan.steps] if self.plan.is_partial else None,
            job_snapshot=definition.snapshot,
            execution_plan_snapshot=self.plan.snapshot,
            remote_job_origin=remote_job_origin,
            job_code_origin=self.job.get_code_origin(),
        )

    def tags_of_run(
        self, instance: InstanceServices, tags: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Return the tags that a run of the job has: the job's, those of the run that it takes up, and the given ones.

        Raises:
            InvalidArgumentError: The job has partitions, and the tag `runrack/partition` names none of them.
        """
        all_tags = {**self.plan.job.tags, **self._parent_tags(), **(tags or {})}
        _check_partition(self.plan.job, all_tags.get(PARTITION), instance)
        return all_tags

    def _made_assets(self) -> frozenset[AssetKey] | None:
        """Return the assets that the run of a whole asset job makes."""
        if self.op_selection is not None or self.plan.is_partial:
            return None
        outs = (out for node in self.plan.job.nodes.values() for out in node.definition.outs.values())
        return frozenset(out.asset_key for out in outs if isinstance(out, AssetOut)) or None

    def _parent_tags(self) -> dict[str, str]:
        """Return the tags that come from the run that is taken up: those that people gave it, its partition, its id."""
        parent = self.parent
        if parent is None:
            return {}
        kept = {
            key: value
            for key, value in parent.tags.items()
            if key == PARTITION or not key.startswith(OWN_TAG_PREFIX)
        }
        return {
            **kept,
            ROOT_RUN_ID: parent.root_run_id or parent.run_id,
            PARENT_RUN_ID: parent.run_id,
            IS_RESUME_RETRY: str(self.is_from_failure).lower(),
        }


def prepare_job(
    job: RunnableJob,
    instance: InstanceServices,
    run_config: Mapping[str, Any] | None = None,
    op_selection: Selection | None = None,
    executor_def: ExecutorDefinition | None = None,
    document: Document | None = None,
    *,
    step_keys: Collection[str] | None = None,
) -> PreparedJob:
    """Return a job with all that must be right before it is run.

    Args:
        job: The job, or what leads to it.
        instance: Whose plugins can execute it.
        run_config: The run configuration; what it leaves out is as the job's own says, see `merged_run_config`.
        op_selection: Only these ops, as `runrack.definitions.selection` says.
        executor_def: Executes the job, whatever it or the run configuration says.
        document: Where the run configuration comes from, for the positions of problems.
        step_keys: Only these steps, of a run that takes up another one.

    Raises:
        ConfigError: The run configuration does not fit the job.
        ConfigMappingError: A function given to `configured` raised.
        InvalidArgumentError: The selection does not fit the job, or this is no job.
        LoadError: The job's code cannot be loaded.
        PluginError: The executor that is named cannot be used.
    """
    if not isinstance(job, RunnableJob):
        raise InvalidArgumentError(
            f"{with_article(type(job).__name__)} is no job: decorate a function with @job"
        )
    definition = job.get_definition()
    if run_config is not None and not isinstance(run_config, Mapping):
        raise InvalidArgumentError("the run configuration is a mapping with ops, resources, execution")
    given = merged_run_config(definition.run_config, run_config or {})
    mapped = mapped_run_config(definition, given)
    chosen = executor_def or find_executor(definition, mapped, instance)
    selection = _as_tuple(op_selection)
    plan = build_plan(definition, selection, step_keys)
    config = resolve_run_config(definition, chosen, mapped, None if mapped is not given else document)
    return PreparedJob(job, chosen, given, config, plan, selection)


def prepare_steps(
    job: RunnableJob, run_config: Mapping[str, Any], op_selection: Selection | None = None
) -> tuple[JobPlan, ResolvedRunConfig]:
    """Return the plan of a job and what its run configuration comes to, where single steps of a run are executed.

    The executor is not looked for: it executes the run in another process, and need not be installed here.

    Args:
        job: The job, or what leads to it.
        run_config: The run configuration.
        op_selection: Only these ops.

    Raises:
        ConfigError: The run configuration does not fit the job.
        ConfigMappingError: A function given to `configured` raised.
        InvalidArgumentError: The selection does not fit the job.
        LoadError: The job's code cannot be loaded.
    """
    definition = job.get_definition()
    mapped = mapped_run_config(definition, merged_run_config(definition.run_config, run_config))
    return build_plan(definition, _as_tuple(op_selection)), resolve_run_config(definition, None, mapped)


def prepare_reexecution(
    job: RunnableJob,
    instance: InstanceServices,
    options: ReexecutionOptions,
    run_config: Mapping[str, Any] | None = None,
    document: Document | None = None,
) -> PreparedJob:
    """Return a job, prepared to take up an earlier run of it.

    Args:
        job: The job, or what leads to it.
        instance: Where the earlier run is stored.
        options: Which run, and which of its steps are executed again.
        run_config: The run configuration; that of the earlier run when None.
        document: Where the run configuration comes from, for the positions of problems.

    Raises:
        RunNotFoundError: The earlier run is not stored.
        InvalidArgumentError: It is of another job or not over; the steps do not fit; or their values are kept in memory only.
        RunrackError: As `prepare_job`.
    """
    parent = get_run(instance, options.parent_run_id)
    definition = job.get_definition()
    if parent.job_name != definition.name:
        raise InvalidArgumentError(
            f"run {parent.run_id} is one of job {parent.job_name!r}, not of {definition.name!r}"
        )
    work = find_earlier_work(instance, parent)
    keys = steps_to_execute(definition, options, parent, work)
    given = parent.run_config if run_config is None else run_config
    prepared = prepare_job(job, instance, given, parent.op_selection, document=document, step_keys=keys)
    known = KnownState(work.known_outputs)
    if instance.is_ephemeral and _needs_earlier_values(prepared.plan):
        raise InvalidArgumentError(
            "an ephemeral instance keeps values in memory only, so a run cannot be taken up: use Instance.get()"
        )
    return replace(prepared, known_state=known, parent=parent, is_from_failure=options.is_from_failure)


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
    return load_executor(instance.registry, name or DEFAULT_EXECUTOR)


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


def _needs_earlier_values(plan: JobPlan) -> bool:
    executed = {step.node.name for step in plan.steps}
    return any(not step.node.upstream_names <= executed for step in plan.steps)


def _as_tuple(selection: Selection | None) -> tuple[str, ...] | None:
    if selection is None or isinstance(selection, str):
        return None if selection is None else (selection,)
    return tuple(selection)
