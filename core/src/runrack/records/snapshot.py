"""Snapshots: what a job and its plan looked like when a run was made, addressed by their content."""

import hashlib
from collections.abc import Mapping

import msgspec

from runrack.records.record import Record


class OpSnapshot(Record, frozen=True):
    """One op of a job.

    Attributes:
        name: Its name there.
        definition_name: Its definition's name.
        inputs: Input name to the outputs that feed it.
        outputs: The names of its outputs.
        concurrency_key: The key of which each of its steps needs a slot.
    """

    name: str
    definition_name: str
    inputs: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    concurrency_key: str | None = None


class JobSnapshot(Record, frozen=True, tag_field="record", tag="job_snapshot/1"):
    """What a job looked like."""

    name: str
    description: str | None = None
    tags: Mapping[str, str] = msgspec.field(default_factory=dict)
    ops: tuple[OpSnapshot, ...] = ()
    resource_keys: tuple[str, ...] = ()

    @property
    def first_concurrency_keys(self) -> frozenset[str]:
        """The keys without a slot of which no step of a run can begin; none when some step can begin without one."""
        first = {op.concurrency_key for op in self.ops if not any(op.inputs.values())}
        return frozenset() if None in first else frozenset(key for key in first if key is not None)


class StepSnapshot(Record, frozen=True):
    """One step of a plan and the keys of the steps that it waits for."""

    key: str
    op_name: str
    upstream_keys: tuple[str, ...] = ()


class ExecutionPlanSnapshot(Record, frozen=True, tag_field="record", tag="execution_plan_snapshot/1"):
    """What a plan looked like."""

    job_snapshot_id: str
    steps: tuple[StepSnapshot, ...] = ()


Snapshot = JobSnapshot | ExecutionPlanSnapshot


def snapshot_id(snapshot: Snapshot) -> str:
    """Return the content address of `snapshot`: equal snapshots have equal ids, on every machine."""
    return hashlib.sha256(msgspec.json.encode(snapshot, order="deterministic")).hexdigest()[:40]
