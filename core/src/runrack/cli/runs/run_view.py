"""A run as the commands show it."""

from __future__ import annotations

import time
from typing import Any

from runrack.cli.output.moment import duration, iso
from runrack.records.run import RunRecord

SHORT_ID = 8
"""Characters of a run id that are shown where there is little room; enough to name the run."""


def run_as_json(record: RunRecord) -> dict[str, Any]:
    """Return what programs read about a run. Fields are only ever added."""
    run = record.run
    return {
        "run_id": run.run_id,
        "job_name": run.job_name,
        "status": run.status.value,
        "created_at": iso(record.create_timestamp.timestamp()),
        "started_at": iso(record.start_time),
        "ended_at": iso(record.end_time),
        "duration_seconds": run_seconds(record),
        "tags": dict(run.tags),
    }


def run_seconds(record: RunRecord) -> float | None:
    """Return how long a run took, or has taken so far; None for one that has not started."""
    if record.start_time is None:
        return None
    end = record.end_time
    if end is None:
        end = record.update_timestamp.timestamp() if record.run.is_finished else time.time()
    return max(0.0, end - record.start_time)


def run_duration(record: RunRecord) -> str:
    """Return how long a run took or has taken so far, for people; empty for one that has not started."""
    seconds = run_seconds(record)
    return "" if seconds is None else duration(seconds)
