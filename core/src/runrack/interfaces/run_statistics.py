"""Counts and times of runs and steps, derived from their logs."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from runrack.records.event import EventLogRecord
from runrack.records.event_type import EventType
from runrack.records.stats import RunStats, StepAttempt, StepStats, StepStatus

_RUN_ENDS = (EventType.RUN_SUCCESS, EventType.RUN_FAILURE, EventType.RUN_CANCELED)
_STATUS = {
    EventType.STEP_START: StepStatus.IN_PROGRESS,
    EventType.STEP_RESTARTED: StepStatus.IN_PROGRESS,
    EventType.STEP_SUCCESS: StepStatus.SUCCESS,
    EventType.STEP_FAILURE: StepStatus.FAILURE,
    EventType.STEP_SKIPPED: StepStatus.SKIPPED,
}
_BEGINS = frozenset({EventType.STEP_START, EventType.STEP_RESTARTED})
_ENDS = frozenset({EventType.STEP_SUCCESS, EventType.STEP_FAILURE, EventType.STEP_UP_FOR_RETRY})


def run_stats(run_id: str, records: Iterable[EventLogRecord]) -> RunStats:
    """Return counts and times of one run from its whole log, oldest first."""
    counts: Counter[EventType | None] = Counter()
    times: dict[EventType | None, float] = {}
    for record in records:
        event_type = record.event_log_entry.event_type
        counts[event_type] += 1
        if not record.late:
            times[event_type] = record.timestamp
    return RunStats(
        run_id=run_id,
        steps_succeeded=counts[EventType.STEP_SUCCESS],
        steps_failed=counts[EventType.STEP_FAILURE],
        materializations=counts[EventType.ASSET_MATERIALIZATION],
        expectations=counts[EventType.STEP_EXPECTATION_RESULT],
        enqueued_time=times.get(EventType.RUN_ENQUEUED),
        launch_time=times.get(EventType.RUN_STARTING),
        start_time=times.get(EventType.RUN_START),
        end_time=max((times[kind] for kind in _RUN_ENDS if kind in times), default=None),
    )


def step_stats(
    run_id: str, records: Iterable[EventLogRecord], step_keys: Collection[str] | None = None
) -> Sequence[StepStats]:
    """Return what each step of one run came to, from its whole log, oldest first; only `step_keys` when given."""
    by_step: dict[str, list[EventLogRecord]] = {}
    for record in records:
        key = record.event_log_entry.step_key
        if key is not None and record.event_log_entry.is_event and (step_keys is None or key in step_keys):
            by_step.setdefault(key, []).append(record)
    return [_one_step(run_id, key, events) for key, events in by_step.items()]


def _one_step(run_id: str, step_key: str, records: Sequence[EventLogRecord]) -> StepStats:
    attempts = _attempts(records)
    statuses = [_STATUS[record.event_type] for record in records if record.event_type in _STATUS]
    return StepStats(
        run_id=run_id,
        step_key=step_key,
        status=statuses[-1] if statuses else None,
        start_time=attempts[0].start_time if attempts else None,
        end_time=attempts[-1].end_time if attempts else None,
        attempts=len(attempts),
        attempts_list=attempts,
        materializations=_of_type(records, EventType.ASSET_MATERIALIZATION),
        expectation_results=_of_type(records, EventType.STEP_EXPECTATION_RESULT),
    )


def _attempts(records: Sequence[EventLogRecord]) -> tuple[StepAttempt, ...]:
    attempts: list[StepAttempt] = []
    for record in records:
        if record.event_type in _BEGINS:
            attempts.append(StepAttempt(start_time=record.timestamp))
        elif record.event_type in _ENDS and attempts:
            attempts[-1] = StepAttempt(attempts[-1].start_time, record.timestamp)
    return tuple(attempts)


def _of_type(records: Sequence[EventLogRecord], event_type: EventType) -> tuple[EventLogRecord, ...]:
    return tuple(record for record in records if record.event_type is event_type)
