"""What waits in the queue, why, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runrack.instance.instance import Instance
from runrack.interfaces.run_coordinator import SupportsQueue
from runrack.records.event_type import EventType
from runrack.records.record import Record
from runrack.records.run import RunRecord
from runrack.records.run_queue import QueueGate, QueueLimits, RunsInProgress, TagLimit
from runrack.records.run_status import RunStatus
from runrack.records.runs_filter import RunsFilter


class WaitingRun(Record, frozen=True):
    """A queued run.

    Attributes:
        record: The run.
        since: When it came into the queue, in seconds since 1970.
        reason: Why it waits.
    """

    record: RunRecord
    since: float
    reason: str


class QueueReport(Record, frozen=True):
    """How it stands with the queue.

    Attributes:
        queued: How many runs wait.
        in_progress: How many runs count against the limits.
        runs: Those that come first, in the order of turns.
    """

    queued: int
    in_progress: int
    runs: Sequence[WaitingRun]


def report_queue(instance: Instance, limit: int = 25) -> QueueReport:
    """Return how it stands with the queue, and why the first `limit` runs wait."""
    coordinator = instance.run_coordinator
    limits = coordinator.get_queue_limits() if isinstance(coordinator, SupportsQueue) else QueueLimits()
    storage = instance.run_storage
    in_progress = storage.count_in_progress(limits.keys)
    reasons = _iter_reasons(storage.list_queued(limit), limits, in_progress)
    return QueueReport(
        storage.get_runs_count(RunsFilter(statuses=[RunStatus.QUEUED])),
        in_progress.total,
        [WaitingRun(record, _queued_at(instance, record), reason) for record, reason in reasons],
    )


def _iter_reasons(
    records: Sequence[RunRecord], limits: QueueLimits, in_progress: RunsInProgress
) -> Iterator[tuple[RunRecord, str]]:
    """Yield the runs with what keeps each waiting, once those before it that may go have gone."""
    gate = QueueGate(limits, in_progress)
    for record in records:
        full = gate.find_full(record.run.tags)
        if record.owner is not None:
            yield record, "a daemon is about to launch it"
        elif full is not None:
            yield record, _describe(full, record)
        elif not gate.has_room:
            yield record, f"no more than {limits.max_runs} runs may be in progress"
        else:
            gate.admit(record.run.tags)
            yield record, "the next daemon that looks launches it"


def _describe(limit: TagLimit, record: RunRecord) -> str:
    if limit.reason is not None:
        return limit.reason
    is_for_key = limit.value is None and not limit.is_per_value
    tag = limit.key if is_for_key else f"{limit.key}={record.run.tags[limit.key]}"
    return f"no more than {limit.limit} runs with the tag {tag} may be in progress"


def _queued_at(instance: Instance, record: RunRecord) -> float:
    enqueued = instance.all_logs(record.run.run_id, EventType.RUN_ENQUEUED)
    return enqueued[-1].timestamp if enqueued else record.create_timestamp.timestamp()
