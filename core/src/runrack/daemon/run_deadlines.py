"""RunDeadlines: ends runs that have been in a state for too long."""

from __future__ import annotations

import logging

from runrack.daemon.elapsed import Elapsed
from runrack.daemon.lost_runs import kill_worker
from runrack.instance.daemon_settings import MonitoringSettings
from runrack.instance.instance import Instance
from runrack.records import tags as tag_names
from runrack.records.event_data import RunFailureData
from runrack.records.event_type import EventType
from runrack.records.run import RunFailureReason, RunRecord
from runrack.records.run_status import RunStatus

_logger = logging.getLogger("runrack.daemon")


class RunDeadlines:
    """Ends runs whose state has a deadline that is over.

    Args:
        instance: Where the runs are stored.
        settings: The deadlines.
        elapsed: How long runs have been in their states.
    """

    def __init__(self, instance: Instance, settings: MonitoringSettings, elapsed: Elapsed) -> None:
        self._instance = instance
        self._settings = settings
        self._elapsed = elapsed

    def check(self, record: RunRecord) -> None:
        """End the run if its deadline is over."""
        status = record.run.status
        if status is RunStatus.NOT_STARTED:
            self._check_start(record, record.create_timestamp.timestamp())
        elif status is RunStatus.STARTING:
            self._check_start(record, self._since(record, EventType.RUN_STARTING))
        elif status is RunStatus.CANCELING:
            self._check_cancel(record)
        elif status is RunStatus.STARTED:
            self._check_runtime(record)

    def _check_start(self, record: RunRecord, since: float) -> None:
        limit = self._settings.start_timeout_seconds
        if not self._is_over(record, since, limit):
            return
        run = record.run
        message = f"The run was {run.status} for more than {limit} s (run_monitoring.start_timeout_seconds)."
        _logger.warning("run %s is %s for too long: it is ended", run.run_id, run.status)
        self._instance.report_run_failed(run, message, RunFailureData(RunFailureReason.START_TIMEOUT))
        kill_worker(
            record.owner
        )  # no step of it has begun; a worker elsewhere ends when it has to renew its lease

    def _check_cancel(self, record: RunRecord) -> None:
        limit = self._settings.cancel_timeout_seconds
        if self._is_over(record, self._since(record, EventType.RUN_CANCELING), limit):
            self._terminate(record)
            self._instance.report_run_canceled(
                record.run,
                f"The run was canceled; it had not ended {limit} s after it was told to"
                " (run_monitoring.cancel_timeout_seconds), and may have left processes behind.",
            )

    def _check_runtime(self, record: RunRecord) -> None:
        limit = self._max_runtime(record)
        since = record.start_time or record.update_timestamp.timestamp()
        if not self._is_over(record, since, limit):
            return
        message = f"The run took more than {limit:g} s, the longest that it may take."
        self._instance.report_run_canceling(record.run, message)
        self._terminate(record)
        self._instance.report_run_failed(record.run, message)

    def _max_runtime(self, record: RunRecord) -> float:
        """Return how many seconds the run may take: by its tag, where that is a number, else by the setting."""
        try:
            return float(record.run.tags[tag_names.MAX_RUNTIME])
        except (KeyError, ValueError):
            return self._settings.max_runtime_seconds

    def _is_over(self, record: RunRecord, since: float, limit: float) -> bool:
        return 0 < limit < self._elapsed.seconds(record, since)

    def _since(self, record: RunRecord, event_type: EventType) -> float:
        """Return when the run got into its state, by its log, in seconds since 1970."""
        page = self._instance.get_records_for_run(
            record.run.run_id, of_type=event_type, limit=1, ascending=False
        )
        entries = [found.event_log_entry.timestamp for found in page.records]
        return entries[0] if entries else record.update_timestamp.timestamp()

    def _terminate(self, record: RunRecord) -> None:
        """Stop the worker as far as that is possible; the run ends all the same."""
        run = record.run
        _logger.warning("run %s is %s for too long: it is ended", run.run_id, run.status)
        try:
            self._instance.run_launcher.terminate(run.run_id)
        except Exception as error:  # noqa: BLE001 - whatever a launcher raises
            message = f"The worker of the run could not be stopped: {error}"
            self._instance.report_engine_event(message, run)
