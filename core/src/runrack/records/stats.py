"""What a run and its steps came to, counted from the log."""

from collections.abc import Sequence
from enum import StrEnum

from runrack.records.event import EventLogRecord
from runrack.records.record import Record


class StepStatus(StrEnum):
    """Where a step stands."""

    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    SKIPPED = "SKIPPED"


class RunStats(Record, frozen=True, kw_only=True):
    """Counts and times of one run; zeros and None for a run without events. Times are seconds since 1970."""

    run_id: str
    steps_succeeded: int = 0
    steps_failed: int = 0
    materializations: int = 0
    expectations: int = 0
    enqueued_time: float | None = None
    launch_time: float | None = None
    start_time: float | None = None
    end_time: float | None = None


class StepAttempt(Record, frozen=True):
    """One attempt of a step; times are seconds since 1970."""

    start_time: float | None = None
    end_time: float | None = None


class StepStats(Record, frozen=True, kw_only=True):
    """What one step of a run came to.

    Attributes:
        run_id, step_key: Which step.
        status: Where it stands; None before its first event.
        start_time, end_time: First start and last end, in seconds since 1970.
        attempts: How often it was started.
        attempts_list: Each attempt, oldest first.
        materializations: The materializations that it reported.
        expectation_results: The expectation results that it reported.
    """

    run_id: str
    step_key: str
    status: StepStatus | None = None
    start_time: float | None = None
    end_time: float | None = None
    attempts: int = 0
    attempts_list: Sequence[StepAttempt] = ()
    materializations: Sequence[EventLogRecord] = ()
    expectation_results: Sequence[EventLogRecord] = ()
