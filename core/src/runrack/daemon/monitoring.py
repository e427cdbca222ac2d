"""MonitoringLoop: sees to it that no run stays where it is for good."""

from __future__ import annotations

from collections.abc import Iterator

from typing_extensions import override

from runrack.daemon.clock import Clock
from runrack.daemon.elapsed import Elapsed, Stay, stay_of
from runrack.daemon.lost_runs import LostRuns, kill_worker
from runrack.daemon.run_deadlines import RunDeadlines
from runrack.errors import InvariantViolationError
from runrack.instance.daemon_settings import MonitoringSettings
from runrack.instance.instance import Instance
from runrack.interfaces.daemon_loop import DaemonContext, DaemonLoop
from runrack.interfaces.run_launcher import SupportsCheckRunWorkerHealth, SupportsResumeRun, WorkerStatus
from runrack.records.run import RunRecord
from runrack.records.run_status import ACTIVE, RunStatus
from runrack.records.runs_filter import RunsFilter

_PAGE = 200
_WATCHED = (RunStatus.NOT_STARTED, *sorted(ACTIVE))
_LEASE_IS_OVER = "Its lease ran out, after it was not renewed three times in a row."
_NOBODY_HOLDS_IT = "Nobody holds the run any more."


class MonitoringLoop(DaemonLoop):
    """Ends runs that take too long in a state, and decides about runs whose worker is gone.

    - A worker is gone when its lease has run out by the storage's clock, or when the launcher knows it. Nothing else is
      a sign that it is: a run that is not claimed, and of which the launcher knows nothing, is left alone.
    - What it does is guarded by the epoch of the run: what has gone on meanwhile is not touched.

    Args:
        instance: Where the runs are stored.
        settings: What `run_monitoring` says.
        clock: Tells the time.

    Raises:
        InvariantViolationError: Runs are to be given new workers, and the run launcher cannot do that.
    """

    def __init__(self, instance: Instance, settings: MonitoringSettings, clock: Clock | None = None) -> None:
        launcher = instance.run_launcher
        if settings.max_resume_run_attempts > 0 and not isinstance(launcher, SupportsResumeRun):
            raise InvariantViolationError(
                f"run_monitoring.max_resume_run_attempts is set, and the run launcher {type(launcher).__name__} cannot give "
                "a run a new worker: set it to 0, or choose another run_launcher"
            )
        self._instance = instance
        self._settings = settings
        self._elapsed = Elapsed(clock or Clock())
        self._lost = LostRuns(instance, settings)
        self._deadlines = RunDeadlines(instance, settings, self._elapsed)

    @property
    @override
    def name(self) -> str:
        return "monitoring"

    @property
    @override
    def interval_seconds(self) -> float:
        return float(self._settings.poll_interval_seconds)

    @override
    def run_once(self, context: DaemonContext) -> None:
        self._expire_leases(context)
        self._check_runs(context)
        self._free_slots(context)

    def _expire_leases(self, context: DaemonContext) -> None:
        """Take runs from owners whose lease is over. One that is QUEUED has its turn again by that alone."""
        while not context.is_stopping:
            expired = self._instance.run_storage.expire(_PAGE)
            for claim in expired:
                kill_worker(claim.owner)
                run = self._instance.get_run_by_id(claim.run_id)
                if run is not None and run.status in ACTIVE:
                    self._lost.decide(run.run_id, run.status, _LEASE_IS_OVER, context)
                context.report_progress()
            if len(expired) < _PAGE:
                return

    def _check_runs(self, context: DaemonContext) -> None:
        seen: set[Stay] = set()
        for record in self._watched_runs():
            if context.is_stopping:
                return
            seen.add(stay_of(record))
            why = self._why_lost(record)
            if why is not None:
                self._lost.decide(record.run.run_id, record.run.status, why, context)
            else:
                self._deadlines.check(record)
            context.report_progress()
        self._elapsed.forget_all_but(seen)

    def _watched_runs(self) -> Iterator[RunRecord]:
        """Yield the runs that are in a state with a deadline, oldest first."""
        cursor: str | None = None
        filters = RunsFilter(statuses=_WATCHED)
        while True:
            records = self._instance.get_run_records(filters, _PAGE, ascending=True, cursor=cursor)
            yield from records
            if len(records) < _PAGE:
                return
            cursor = records[-1].run.run_id

    def _why_lost(self, record: RunRecord) -> str | None:
        """Return how it is known that the worker of a run is gone; None when it is not known."""
        if record.owner is not None or record.run.status not in ACTIVE:
            return None
        if record.epoch > 0:
            return _NOBODY_HOLDS_IT
        launcher = self._instance.run_launcher
        if record.run.status is not RunStatus.STARTED or not isinstance(
            launcher, SupportsCheckRunWorkerHealth
        ):
            return None
        health = launcher.check_run_worker_health(record.run)
        if health.status is not WorkerStatus.FAILED or health.transient:
            return None
        return health.msg or "The launcher says that it has failed."

    def _free_slots(self, context: DaemonContext) -> None:
        """Free the slots of runs that have ended: a step that came late may have claimed one after the end."""
        slots = self._instance.event_log_storage
        holders = sorted(slots.get_concurrency_run_ids())
        for start in range(0, len(holders), _PAGE):
            page = holders[start : start + _PAGE]
            runs = {run.run_id: run for run in self._instance.get_runs(RunsFilter(run_ids=page))}
            for run_id in page:
                run = runs.get(run_id)
                if run is None or run.is_finished:
                    slots.free_concurrency_slots_for_run(run_id)
            context.report_progress()
