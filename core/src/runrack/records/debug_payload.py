"""DebugRunPayload: a run with everything that is known about it, to be looked at elsewhere."""

from runrack.records.event import EventLogEntry
from runrack.records.record import Record
from runrack.records.run import Run
from runrack.records.snapshot import ExecutionPlanSnapshot, JobSnapshot


class DebugRunPayload(Record, frozen=True):
    """A run, its whole log, and the snapshots that it refers to.

    Attributes:
        version: The version of runrack that made the payload.
        run: The run.
        events: Its log, oldest first.
        job_snapshot, execution_plan_snapshot: What was run, where it was kept.
    """

    version: str
    run: Run
    events: tuple[EventLogEntry, ...]
    job_snapshot: JobSnapshot | None = None
    execution_plan_snapshot: ExecutionPlanSnapshot | None = None
