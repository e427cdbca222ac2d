"""JobPlan: the steps of a run, in an order in which they can be executed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from runrack.definitions.composition import OpNode
from runrack.definitions.job import JobDefinition
from runrack.definitions.selection import Selection, select
from runrack.errors import InvalidArgumentError
from runrack.records.snapshot import ExecutionPlanSnapshot, StepSnapshot, snapshot_id

ANY_KEY = "?"
"""Stands for the mapping key in the key of a step that is not expanded yet: `op[?]`."""


@dataclass(frozen=True)
class JobStep:
    """One step of a plan: one op of the job, or its run for one item of a dynamic output.

    Attributes:
        node: The op.
        mapping_key: Which item; `?` in the step that stands for all of them until they are known.
    """

    node: OpNode
    mapping_key: str | None = None

    @cached_property
    def key(self) -> str:
        """The step's name in the plan: `op`, `graph.op` or `op[key]`."""
        return self.node.name if self.mapping_key is None else f"{self.node.name}[{self.mapping_key}]"

    @property
    def is_expandable(self) -> bool:
        """Whether it stands for one step for each item of a dynamic output, which is not known yet."""
        return self.mapping_key == ANY_KEY

    @property
    def tags(self) -> Mapping[str, str]:
        """The labels of its op."""
        return self.node.definition.tags

    @cached_property
    def upstream_keys(self) -> frozenset[str]:
        """The steps whose outputs it needs."""
        return frozenset(
            output.node_name
            if output.mapped_over in {None, (output.node_name, output.output_name)}
            else f"{output.node_name}[{self.mapping_key or ANY_KEY}]"
            for output in self.node.upstream_outputs
        )


@dataclass(frozen=True)
class JobPlan:
    """The steps of a run.

    Attributes:
        job: The job.
        steps: Each after those it needs. Ops that are mapped over a dynamic output stand for all their steps, unless only
            some of those are to run.
        is_partial: Whether steps may need outputs that were given before this run.
    """

    job: JobDefinition
    steps: tuple[JobStep, ...]
    is_partial: bool = False

    def get_step(self, key: str) -> JobStep:
        """Return the step of this key, also one that is expanded only while the plan runs.

        Raises:
            InvalidArgumentError: The plan has no such step.
        """
        found = self._steps_by_key.get(key)
        if found is None:
            name, bracket, mapping_key = key.removesuffix("]").partition("[")
            template = self._steps_by_key.get(f"{name}[{ANY_KEY}]") if bracket else None
            if template is None:
                raise InvalidArgumentError(f"the plan of job {self.job.name!r} has no step {key!r}")
            found = JobStep(template.node, mapping_key)
        return found

    @property
    def snapshot(self) -> ExecutionPlanSnapshot:
        """What the plan looks like, as it is stored with its run."""
        return ExecutionPlanSnapshot(
            snapshot_id(self.job.snapshot),
            tuple(
                StepSnapshot(step.key, step.node.name, tuple(sorted(step.upstream_keys)))
                for step in self.steps
            ),
        )

    @cached_property
    def resource_keys(self) -> list[str]:
        """The resources that the steps require, in the order of setting up."""
        return self.job.required_resources(dict.fromkeys(step.node.name for step in self.steps))

    @cached_property
    def _steps_by_key(self) -> Mapping[str, JobStep]:
        return {step.key: step for step in self.steps}


def build_plan(
    job: JobDefinition,
    op_selection: Selection | None = None,
    step_keys: Collection[str] | None = None,
) -> JobPlan:
    """Return the plan of a job, of the ops of these names only, or of these steps.

    Args:
        job: The job.
        op_selection: Which ops, as `runrack.definitions.selection` says. What they need has to be selected, too.
        step_keys: Keys of steps. What they need was given before.

    Raises:
        InvalidArgumentError: The job has no op of a name, or a selected op needs the output of one that is not selected.
    """
    if step_keys is not None:
        return JobPlan(job, _chosen_steps(job, step_keys), is_partial=True)
    selected = set(job.nodes if op_selection is None else select_ops(job, op_selection))
    for name in sorted(selected):
        missing = sorted(job.nodes[name].upstream_names - selected)
        if missing:
            raise InvalidArgumentError(
                f"op {name!r} needs the output of op {missing[0]!r}, which is not selected: select it too"
            )
    return JobPlan(job, tuple(_step(node) for name, node in job.nodes.items() if name in selected))


def select_ops(job: JobDefinition, selection: Selection) -> list[str]:
    """Return the names of the ops of a job that are selected, in the order of the job.

    Raises:
        InvalidArgumentError: The selection cannot be read, or the job has no op of a name in it.
    """
    return select({name: node.upstream_names for name, node in job.nodes.items()}, selection, "op")


def _step(node: OpNode) -> JobStep:
    return JobStep(node, None if node.mapped_over is None else ANY_KEY)


def _chosen_steps(job: JobDefinition, step_keys: Collection[str]) -> tuple[JobStep, ...]:
    chosen: dict[str, list[str | None]] = {}
    for key in step_keys:
        name, bracket, mapping_key = key.removesuffix("]").partition("[")
        chosen.setdefault(name, []).append(mapping_key if bracket else None)
    _check_known(job, set(chosen))
    return tuple(
        JobStep(node, key)
        for name, node in job.nodes.items()
        for key in _mapping_keys(node, chosen.get(name, []))
    )


def _mapping_keys(node: OpNode, keys: list[str | None]) -> list[str | None]:
    if node.mapped_over is None:
        return keys[:1]
    return [ANY_KEY] if None in keys or ANY_KEY in keys else keys


def _check_known(job: JobDefinition, names: set[str]) -> None:
    unknown = sorted(names - set(job.nodes))
    if unknown:
        raise InvalidArgumentError(
            f"job {job.name!r} has no op {unknown[0]!r}; it has: {', '.join(job.nodes)}"
        )
