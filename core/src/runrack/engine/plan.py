"""JobPlan: the steps of a run, in an order in which they can be executed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from runrack.definitions.composition import OpNode
from runrack.definitions.job import JobDefinition
from runrack.errors import InvalidArgumentError
from runrack.records.snapshot import ExecutionPlanSnapshot, StepSnapshot, snapshot_id


@dataclass(frozen=True)
class JobStep:
    """One step of a plan: one op of the job.

    Attributes:
        node: The op.
    """

    node: OpNode

    @property
    def key(self) -> str:
        """The step's name in the plan: the op's name in the job."""
        return self.node.name

    @cached_property
    def upstream_keys(self) -> frozenset[str]:
        """The steps whose outputs it needs."""
        return self.node.upstream_names


@dataclass(frozen=True)
class JobPlan:
    """The steps of a run.

    Attributes:
        job: The job.
        steps: Each after those it needs.
    """

    job: JobDefinition
    steps: tuple[JobStep, ...]

    def get_step(self, key: str) -> JobStep:
        """Return the step of this key.

        Raises:
            InvalidArgumentError: The plan has no such step.
        """
        if key not in self._steps_by_key:
            raise InvalidArgumentError(f"the plan of job {self.job.name!r} has no step {key!r}")
        return self._steps_by_key[key]

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
        return self.job.required_resources(step.key for step in self.steps)

    @cached_property
    def _steps_by_key(self) -> Mapping[str, JobStep]:
        return {step.key: step for step in self.steps}


def build_plan(job: JobDefinition, op_selection: Collection[str] | None = None) -> JobPlan:
    """Return the plan of a job, or of the ops of these names only.

    Raises:
        InvalidArgumentError: The job has no op of a name, or a selected op needs the output of one that is not selected.
    """
    selected = set(job.nodes if op_selection is None else op_selection)
    unknown = sorted(selected - set(job.nodes))
    if unknown:
        raise InvalidArgumentError(
            f"job {job.name!r} has no op {unknown[0]!r}; it has: {', '.join(job.nodes)}"
        )
    for name in sorted(selected):
        missing = sorted(job.nodes[name].upstream_names - selected)
        if missing:
            raise InvalidArgumentError(
                f"op {name!r} needs the output of op {missing[0]!r}, which is not selected: select it too"
            )
    return JobPlan(job, tuple(JobStep(node) for name, node in job.nodes.items() if name in selected))
