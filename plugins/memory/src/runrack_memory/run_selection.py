"""Which stored runs a filter selects, and in which order they come."""

from collections.abc import Callable
from typing import Any

from runrack.records import tags as tag_names
from runrack.records.run import RunRecord
from runrack.records.runs_filter import RunsFilter

_ORDER_VALUE: dict[str, Callable[[RunRecord], Any]] = {
    "id": lambda record: record.storage_id,
    "run_id": lambda record: record.run.run_id,
    "job_name": lambda record: record.run.job_name,
    "status": lambda record: record.run.status.value,
    "create_timestamp": lambda record: record.create_timestamp,
    "update_timestamp": lambda record: record.update_timestamp,
    "start_time": lambda record: record.start_time,
    "end_time": lambda record: record.end_time,
}


def selects(filters: RunsFilter, record: RunRecord) -> bool:
    """Tell whether `record` satisfies every field of `filters`."""
    run = record.run
    return (
        (filters.run_ids is None or run.run_id in filters.run_ids)
        and (filters.job_name is None or run.job_name == filters.job_name)
        and (not filters.statuses or run.status in filters.statuses)
        and (filters.snapshot_id is None or run.job_snapshot_id == filters.snapshot_id)
        and not (filters.exclude_subruns and tag_names.BACKFILL in run.tags)
        and _has_tags(filters, record)
        and _lies_in_bounds(filters, record)
    )


def order_key(order_by: str) -> Callable[[RunRecord], tuple[bool, Any, int]]:
    """Return the sort key for one of `RUN_ORDERS`: rows without a value first, ties by insertion."""
    value_of = _ORDER_VALUE[order_by]

    def key(record: RunRecord) -> tuple[bool, Any, int]:
        value = value_of(record)
        return (value is not None, value, record.storage_id)

    return key


def _has_tags(filters: RunsFilter, record: RunRecord) -> bool:
    for key, wanted in filters.tags.items():
        value = record.run.tags.get(key)
        if value is None or value not in ([wanted] if isinstance(wanted, str) else wanted):
            return False
    return True


def _lies_in_bounds(filters: RunsFilter, record: RunRecord) -> bool:
    created, updated = record.create_timestamp, record.update_timestamp
    return (
        (filters.created_after is None or created > filters.created_after)
        and (filters.created_before is None or created < filters.created_before)
        and (filters.updated_after is None or updated > filters.updated_after)
        and (filters.updated_before is None or updated < filters.updated_before)
    )
