"""How it stands with the partitions of an asset, told from the catalog and from the runs that were to write them.

The cost depends on how many partitions are asked for, not on how much history there is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from runrack.interfaces.event_log import EventLog, EventQuery
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.interfaces.run_storage import RunStorage
from runrack.records.asset import AssetPartitionStatus
from runrack.records.asset_key import AssetKey
from runrack.records.event_type import EventType
from runrack.records.run_status import FINISHED, RunStatus
from runrack.records.runs_filter import RunsFilter

T = TypeVar("T")

EARLIER_PLANS = 20
"""How many plans of a partition are looked at behind a newest one that says nothing."""

_CHUNK = 500


def partition_status(
    event_log: EventLogStorage, runs: RunStorage, asset_key: AssetKey, partition_keys: Collection[str]
) -> dict[str, AssetPartitionStatus]:
    """Return partition to its status; partitions that were neither written nor planned are left out.

    - A plan counts until the partition is written after it. The newest plan that says something decides: FAILED when
      its run failed, IN_PROGRESS while its run is not finished.
    - The plan of a run that was canceled, or is not stored any more, says nothing: the one before it counts, up to
      `EARLIER_PLANS` plans back.

    Args:
        event_log: Where plans and materializations are.
        runs: Where the status of runs is.
        asset_key: Which asset.
        partition_keys: Which partitions; at least one.
    """
    newest = event_log.get_latest_storage_id_by_partition
    written = newest(asset_key, EventType.ASSET_MATERIALIZATION, partition_keys)
    planned = newest(asset_key, EventType.ASSET_MATERIALIZATION_PLANNED, partition_keys)
    pending = {key: plan for key, plan in planned.items() if plan > written.get(key, 0)}
    decisive = _newest_decisive_status(event_log, runs, asset_key, pending, written)
    statuses = dict.fromkeys(written, AssetPartitionStatus.MATERIALIZED)
    for key, run_status in decisive.items():
        if run_status is RunStatus.FAILURE:
            statuses[key] = AssetPartitionStatus.FAILED
        elif run_status not in FINISHED:
            statuses[key] = AssetPartitionStatus.IN_PROGRESS
    return statuses


def _newest_decisive_status(
    event_log: EventLog,
    runs: RunStorage,
    asset_key: AssetKey,
    pending: Mapping[str, int],
    written: Mapping[str, int],
) -> Mapping[str, RunStatus]:
    """Return partition to the status of the run whose plan decides; those for which none does are left out."""
    run_of = _runs_of_events(event_log, pending.values())
    first = {key: [run_of[plan]] for key, plan in pending.items() if plan in run_of}
    decided = _first_decisive(first, runs)
    earlier = {
        key: _earlier_planners(event_log, asset_key, key, written.get(key), plan)
        for key, plan in pending.items()
        if key not in decided
    }
    return {**decided, **_first_decisive(earlier, runs)}


def _runs_of_events(event_log: EventLog, storage_ids: Collection[int]) -> Mapping[int, str]:
    return {
        record.storage_id: record.run_id
        for chunk in _chunks(storage_ids)
        for record in event_log.query_events(EventQuery(storage_ids=tuple(chunk)))
    }


def _earlier_planners(
    event_log: EventLog, asset_key: AssetKey, partition: str, written: int | None, plan: int
) -> Sequence[str]:
    """Return the runs that planned the partition between its last materialization and `plan`, newest first."""
    query = EventQuery(
        event_types=frozenset({EventType.ASSET_MATERIALIZATION_PLANNED}),
        asset_key=asset_key,
        partitions=(partition,),
        after_id=written,
        before_id=plan,
        ascending=False,
        limit=EARLIER_PLANS,
    )
    return [record.run_id for record in event_log.query_events(query)]


def _first_decisive(planners: Mapping[str, Sequence[str]], runs: RunStorage) -> Mapping[str, RunStatus]:
    """Return partition to the status of the first of its runs that is stored and was not canceled."""
    status_of = _run_statuses(runs, {run_id for run_ids in planners.values() for run_id in run_ids})
    decisive = {}
    for key, run_ids in planners.items():
        statuses = (status_of[run_id] for run_id in run_ids if run_id in status_of)
        status = next((status for status in statuses if status is not RunStatus.CANCELED), None)
        if status is not None:
            decisive[key] = status
    return decisive


def _run_statuses(runs: RunStorage, run_ids: Collection[str]) -> Mapping[str, RunStatus]:
    return {
        run.run_id: run.status
        for chunk in _chunks(run_ids)
        for run in runs.get_runs(RunsFilter(run_ids=chunk))
    }


def _chunks(values: Collection[T]) -> Iterator[list[T]]:
    source = iter(values)
    while chunk := list(islice(source, _CHUNK)):
        yield chunk
