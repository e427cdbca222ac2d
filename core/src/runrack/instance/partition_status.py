"""How it stands with the partitions of an asset, told from the catalog and from the runs that are to write them.

The cost depends on how many partitions there are, not on how much history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from runrack.interfaces.asset_catalog import AssetCatalog
from runrack.interfaces.run_storage import RunStorage
from runrack.records.asset import AssetPartitionStatus
from runrack.records.asset_key import AssetKey
from runrack.records.event_type import EventType
from runrack.records.run_status import FINISHED, RunStatus
from runrack.records.runs_filter import RunsFilter

T = TypeVar("T")

_CHUNK = 500
_UNFINISHED = sorted(set(RunStatus) - FINISHED)


def partition_status(
    catalog: AssetCatalog, runs: RunStorage, asset_key: AssetKey, partition_keys: Collection[str]
) -> dict[str, AssetPartitionStatus]:
    """Return partition to its status; partitions that were neither written nor planned are left out.

    - A plan counts until the partition is written after it. The newest plan that says something decides: FAILED when
      its run failed, IN_PROGRESS while its run is not finished.
    - The plan of a run that was canceled, or is not stored any more, says nothing: the one before it counts.

    Args:
        catalog: Where plans and materializations are.
        runs: Where the status of runs is.
        asset_key: Which asset.
        partition_keys: Which partitions; at least one.
    """
    plans = catalog.get_pending_plans(asset_key, partition_keys)
    # Read after the plans: what is written in between shows as written, not as nothing.
    written = catalog.get_latest_storage_id_by_partition(
        asset_key, EventType.ASSET_MATERIALIZATION, partition_keys
    )
    statuses = dict.fromkeys(written, AssetPartitionStatus.MATERIALIZED)
    pending = [plan for plan in plans if plan.storage_id > written.get(plan.partition, 0)]
    planners = {plan.run_id for plan in pending}
    unfinished = _with_status(runs, planners, _UNFINISHED)
    # After the unfinished ones: a run that ends in between is found here as well, and its end counts.
    failed = _with_status(runs, planners, [RunStatus.FAILURE])
    succeeded = _with_status(runs, planners - unfinished - failed, [RunStatus.SUCCESS])
    known = unfinished | failed | succeeded
    decided: set[str] = set()
    for plan in pending:
        if plan.partition in decided or plan.run_id not in known:
            continue
        decided.add(plan.partition)
        if plan.run_id in failed:
            statuses[plan.partition] = AssetPartitionStatus.FAILED
        elif plan.run_id in unfinished:
            statuses[plan.partition] = AssetPartitionStatus.IN_PROGRESS
    return statuses


def _with_status(runs: RunStorage, run_ids: Collection[str], statuses: Sequence[RunStatus]) -> set[str]:
    """Return those of the runs that have one of the statuses."""
    return {
        run_id
        for chunk in _chunks(run_ids)
        for run_id in runs.get_run_ids(RunsFilter(run_ids=chunk, statuses=statuses))
    }


def _chunks(values: Collection[T]) -> Iterator[list[T]]:
    source = iter(values)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk
