"""How a backfill is shown."""

from __future__ import annotations

from typing import Any

from runrack.instance.backfill import BackfillStatus
from runrack.records.run_status import FINISHED, RunStatus


def backfill_as_json(backfill: BackfillStatus) -> dict[str, Any]:
    """Return a backfill as `--json` prints it."""
    return {
        "backfill_id": backfill.backfill_id,
        "job_name": backfill.job_name,
        "is_finished": backfill.is_finished,
        "counts": {status.value: count for status, count in backfill.counts.items()},
        "failed_partitions": list(backfill.failed_partitions),
    }


def backfill_row(backfill: BackfillStatus) -> list[str]:
    """Return a backfill as a line of a table: its id, its job, and its runs by what they came to."""
    counts = backfill.counts
    done = [counts.get(status, 0) for status in (RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELED)]
    left = sum(count for status, count in counts.items() if status not in FINISHED)
    return [backfill.backfill_id, backfill.job_name or "", *map(str, (sum(counts.values()), left, *done))]


HEADER = ("BACKFILL", "JOB", "RUNS", "LEFT", "SUCCESS", "FAILURE", "CANCELED")
