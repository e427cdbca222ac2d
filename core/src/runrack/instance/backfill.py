"""Backfills: runs of many partitions of a job, each made once however often it is begun."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID, uuid5

from runrack.config.problem import nearest
from runrack.errors import InvalidArgumentError, NotFoundError, RunAlreadyExistsError
from runrack.instance.instance import Instance
from runrack.interfaces.workspace import CodeLocation, JobInfo, Workspace
from runrack.records.record import Record
from runrack.records.run import RemoteJobOrigin, Run
from runrack.records.run_status import NOT_FINISHED, RunStatus
from runrack.records.runs_filter import RunsFilter
from runrack.records.tags import BACKFILL, PARTITION

RANGE = "..."
ALL = "all"

_NAMESPACE = UUID("5d4f8c6e-0c53-4f0c-9c9e-2b1f6f1f7a11")
_PAGE = 500


class BackfillStatus(Record, frozen=True):
    """How a backfill stands.

    Attributes:
        backfill_id: Which one.
        job_name: The job; None when there are no runs.
        counts: Status to the number of runs in it.
        failed_partitions: The partitions whose run has failed, sorted.
    """

    backfill_id: str
    job_name: str | None
    counts: Mapping[RunStatus, int]
    failed_partitions: tuple[str, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether no run waits or is in progress."""
        return not any(self.counts.get(status) for status in NOT_FINISHED)


def choose_partitions(known: Sequence[str], wanted: str) -> list[str]:
    """Return the keys that a text stands for, in the order of the partitions.

    Args:
        known: All keys of the job.
        wanted: `all`, one key, several with commas between them, or a range `FIRST...LAST` with both ends.

    Raises:
        InvalidArgumentError: There is no such key, or a range ends before it begins.
    """
    if wanted == ALL:
        return list(known)
    if RANGE in wanted and wanted not in known:
        first, _, last = wanted.partition(RANGE)
        begin, end = _place(known, first), _place(known, last)
        if end < begin:
            raise InvalidArgumentError(
                f"the range {wanted!r} ends before it begins: write {last}{RANGE}{first}"
            )
        return list(known[begin : end + 1])
    places = sorted({_place(known, key) for key in ([wanted] if wanted in known else wanted.split(","))})
    return [known[place] for place in places]


def make_backfill_runs(
    instance: Instance,
    workspace: Workspace,
    location: CodeLocation,
    job: JobInfo,
    partition_keys: Sequence[str],
    backfill_id: str,
    tags: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, bool]]:
    """Store and submit one run for each partition, and yield its id and whether it is new.

    - A run that an earlier call for the same backfill has stored is not made again; one that it did not come to submit is
      submitted.

    Raises:
        Exception: What submitting a run raised; that run has ended in FAILURE.
    """
    snapshot_id = instance.run_storage.add_snapshot(job.snapshot)
    for key in partition_keys:
        run = Run(
            job_name=job.name,
            run_id=str(uuid5(_NAMESPACE, f"{backfill_id}\0{key}")),
            tags={**job.tags, **(tags or {}), BACKFILL: backfill_id, PARTITION: key},
            job_snapshot_id=snapshot_id,
            remote_job_origin=RemoteJobOrigin(location.name, job.name),
            job_code_origin=job.code_origin,
        )
        stored, is_new = _store(instance, run)
        if stored.status is RunStatus.NOT_STARTED:
            instance.submit_run(run.run_id, workspace)
        yield run.run_id, is_new


def list_backfills(instance: Instance, limit: int = 100) -> list[BackfillStatus]:
    """Return how backfills stand, those that began last first; at most `limit`."""
    ids = {value for _, values in instance.get_run_tags([BACKFILL]) for value in values}
    newest = {
        backfill_id: record.storage_id
        for backfill_id in ids
        for record in instance.get_run_records(_runs_of(backfill_id), limit=1)
    }
    ordered = sorted(newest, key=lambda backfill_id: newest[backfill_id], reverse=True)
    return [get_backfill(instance, backfill_id) for backfill_id in ordered[:limit]]


def get_backfill(instance: Instance, backfill_id: str) -> BackfillStatus:
    """Return how a backfill stands.

    Raises:
        NotFoundError: It has no runs.
    """
    counts: Counter[RunStatus] = Counter()
    failed: list[str] = []
    job_name = None
    for run in _iter_runs(instance, _runs_of(backfill_id)):
        job_name = run.job_name
        counts[run.status] += 1
        if run.status is RunStatus.FAILURE:
            failed.append(run.tags.get(PARTITION, ""))
    if job_name is None:
        raise NotFoundError(
            f"there is no backfill {backfill_id!r}: `runrack backfill list` shows those that there are"
        )
    return BackfillStatus(backfill_id, job_name, dict(counts), tuple(sorted(failed)))


def cancel_backfill(instance: Instance, backfill_id: str) -> int:
    """Cancel all runs of a backfill that have not ended, and return how many were told.

    Raises:
        NotFoundError: It has no runs.
    """
    get_backfill(instance, backfill_id)
    unfinished = RunsFilter(tags={BACKFILL: backfill_id}, statuses=sorted(NOT_FINISHED))
    run_ids = [run.run_id for run in _iter_runs(instance, unfinished)]
    return sum(instance.cancel_run(run_id) for run_id in run_ids)


def _store(instance: Instance, run: Run) -> tuple[Run, bool]:
    try:
        return instance.add_run(run), True
    except RunAlreadyExistsError:
        return instance.get_run_by_id(run.run_id) or run, False


def _iter_runs(instance: Instance, filters: RunsFilter) -> Iterator[Run]:
    cursor = None
    while True:
        runs = instance.get_runs(filters, cursor=cursor, limit=_PAGE)
        yield from runs
        if len(runs) < _PAGE:
            return
        cursor = runs[-1].run_id


def _runs_of(backfill_id: str) -> RunsFilter:
    return RunsFilter(tags={BACKFILL: backfill_id})


def _place(known: Sequence[str], key: str) -> int:
    try:
        return known.index(key)
    except ValueError:
        near = nearest(key, list(known))
        hint = f"; did you mean {near!r}?" if near else ""
        raise InvalidArgumentError(f"there is no partition {key!r}{hint}") from None
