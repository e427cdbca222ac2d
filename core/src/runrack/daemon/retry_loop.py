"""RetryLoop: runs failed runs again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from typing_extensions import override

from runrack.daemon.clock import Clock
from runrack.errors import NotFoundError, RunAlreadyExistsError
from runrack.instance.daemon_settings import RetrySettings
from runrack.instance.instance import Instance
from runrack.interfaces.daemon_loop import DaemonContext, DaemonLoop
from runrack.interfaces.event_log import NO_RECORD
from runrack.records import tags as tag_names
from runrack.records.cursor import EventLogCursor
from runrack.records.event import EventLogRecord
from runrack.records.event_type import EventType
from runrack.records.run import Run, RunFailureReason
from runrack.records.run_status import RunStatus
from runrack.records.snapshot import ExecutionPlanSnapshot, JobSnapshot

CURSOR_KEY = "run_retries"
FROM_FAILURE = "FROM_FAILURE"
ALL_STEPS = "ALL_STEPS"

TAKE_OVER_SECONDS = 60.0
"""How long a run made by another daemon, which has not submitted it, is left to that daemon."""

_INTERVAL_SECONDS = 5.0
_PAGE = 100
_KEPT_TAGS = frozenset(
    {
        tag_names.BACKFILL,
        tag_names.MAX_RETRIES,
        tag_names.MAX_RUNTIME,
        tag_names.PARTITION,
        tag_names.PRIORITY,
        tag_names.RETRY_STRATEGY,
    }
)
_logger = logging.getLogger("runrack.daemon")


class RetryLoop(DaemonLoop):
    """Reads which runs have failed, in the order in which that was stored, and makes another run in place of each.

    - The id of the new run follows from that of the failed one: however many daemons do it, and however often one begins
      anew, there is one. Who has made it submits it; if that daemon dies before, another does so a minute later.
    - The first daemon of an instance begins with what fails from then on.

    Args:
        instance: Where the runs are stored.
        settings: What `run_retries` says.
        clock: Tells the time.
    """

    def __init__(self, instance: Instance, settings: RetrySettings, clock: Clock | None = None) -> None:
        self._instance = instance
        self._settings = settings
        self._clock = clock or Clock()

    @property
    @override
    def name(self) -> str:
        return "retries"

    @property
    @override
    def interval_seconds(self) -> float:
        return _INTERVAL_SECONDS

    @override
    def run_once(self, context: DaemonContext) -> None:
        cursors = self._instance.run_storage
        cursor = cursors.get_cursor_values([CURSOR_KEY]).get(CURSOR_KEY)
        if cursor is None:
            newest = self._instance.event_log_storage.get_maximum_record_id()
            first = EventLogCursor.from_storage_id(NO_RECORD if newest is None else newest)
            cursors.set_cursor_values({CURSOR_KEY: first.to_string()})
            return
        has_more = True
        while has_more and not context.is_stopping:
            page = self._instance.fetch_run_status_changes(
                EventType.RUN_FAILURE, _PAGE, cursor, ascending=True
            )
            for record in page.records:
                if not self._handle(record, context):
                    return
                cursor = EventLogCursor.from_storage_id(record.storage_id).to_string()
                cursors.set_cursor_values({CURSOR_KEY: cursor})
                context.report_progress()
            has_more = page.has_more

    def _handle(self, record: EventLogRecord, context: DaemonContext) -> bool:
        """Do what follows from a failure, and tell whether all of it is done."""
        run = None if record.late else self._instance.get_run_by_id(record.run_id)
        if run is None or run.status is not RunStatus.FAILURE:
            return True
        retry_id = retry_run_id(run.run_id)
        retry = self._instance.get_run_by_id(retry_id)
        if retry is not None:
            return self._submit_for_another(retry, context)
        number = self._number_of_retry(run)
        if number is None:
            self._instance.add_run_tags(run.run_id, {tag_names.WILL_RETRY: "false"})
            return True
        tags = {tag_names.WILL_RETRY: "true", tag_names.AUTO_RETRY_RUN_ID: retry_id}
        self._instance.add_run_tags(run.run_id, tags)
        return self._make_and_submit(run, retry_id, number, context)

    def _number_of_retry(self, run: Run) -> int | None:
        """Return the how manyth run in place of another the next one would be, of its group; None when there is none."""
        limit = self._max_retries(run)
        reason = run.tags.get(tag_names.FAILURE_REASON)
        is_of_step = reason == RunFailureReason.STEP_FAILURE
        if limit < 1 or (is_of_step and not self._settings.retry_on_asset_or_op_failure):
            return None
        if run.remote_job_origin is None or run.job_code_origin is None:
            return None  # nobody but the one who ran it knows where its code lies
        try:
            _, group = self._instance.get_run_group(run.run_id)
        except NotFoundError:
            return None
        return len(group) if len(group) <= limit else None

    def _max_retries(self, run: Run) -> int:
        given = run.tags.get(tag_names.MAX_RETRIES)
        if given is None:
            return self._settings.max_retries
        try:
            return int(given)
        except ValueError:
            _logger.warning(
                "run %s is not run again: its tag %s is no number", run.run_id, tag_names.MAX_RETRIES
            )
            return 0

    def _make_and_submit(self, run: Run, retry_id: str, number: int, context: DaemonContext) -> bool:
        began = self._clock.steady()
        try:
            self._make(run, retry_id, number)
        except RunAlreadyExistsError:
            return False  # another daemon was faster: it submits the run
        if self._clock.steady() - began > TAKE_OVER_SECONDS / 2:
            return False  # this process was held up: another may be submitting the run
        self._submit(retry_id, context)
        return True

    def _submit_for_another(self, retry: Run, context: DaemonContext) -> bool:
        """Submit a run that was made for the failure before, if its maker has not, and tell whether that is settled."""
        if retry.status is not RunStatus.NOT_STARTED:
            return True
        storage = self._instance.run_storage
        record = storage.get_run_record_by_id(retry.run_id)
        if record is None:
            return True
        age = timedelta(seconds=self._clock.now() - record.create_timestamp.timestamp())
        if age < timedelta(seconds=TAKE_OVER_SECONDS):
            return False
        claims = storage.claim(context.owner, TAKE_OVER_SECONDS, run_ids=[retry.run_id], status=retry.status)
        for claim in claims:
            storage.release(claim)
            self._submit(retry.run_id, context)
        return bool(claims)

    def _submit(self, run_id: str, context: DaemonContext) -> None:
        try:
            self._instance.submit_run(run_id, context.workspace)
        except Exception as error:  # noqa: BLE001 - the run has failed with this error in its log
            _logger.warning("run %s could not be submitted: %s", run_id, error)

    def _make(self, run: Run, retry_id: str, number: int) -> None:
        root_id = run.root_run_id or run.run_id
        self._instance.create_run(
            job_name=run.job_name,
            run_id=retry_id,
            run_config=run.run_config,
            tags=_tags_of_retry(run, root_id, number),
            root_run_id=root_id,
            parent_run_id=run.run_id,
            step_keys_to_execute=None if _is_from_failure(run) else run.step_keys_to_execute,
            op_selection=run.op_selection,
            resolved_op_selection=run.resolved_op_selection,
            asset_selection=run.asset_selection,
            job_snapshot=self._job_snapshot(run),
            execution_plan_snapshot=self._plan_snapshot(run),
            remote_job_origin=run.remote_job_origin,
            job_code_origin=run.job_code_origin,
        )
        _logger.info("run %s is made in place of run %s, which failed", retry_id, run.run_id)

    def _job_snapshot(self, run: Run) -> JobSnapshot | None:
        found = self._instance.run_storage.get_snapshot(run.job_snapshot_id or "")
        return found if isinstance(found, JobSnapshot) else None

    def _plan_snapshot(self, run: Run) -> ExecutionPlanSnapshot | None:
        found = self._instance.run_storage.get_snapshot(run.execution_plan_snapshot_id or "")
        return found if isinstance(found, ExecutionPlanSnapshot) else None


def retry_run_id(run_id: str) -> str:
    """Return the id of the run that is made in place of a failed one: always the same."""
    return str(uuid5(NAMESPACE_URL, f"runrack:retry:{run_id}"))


def _is_from_failure(run: Run) -> bool:
    return run.tags.get(tag_names.RETRY_STRATEGY, FROM_FAILURE) != ALL_STEPS


def _tags_of_retry(run: Run, root_id: str, number: int) -> Mapping[str, str]:
    kept = {
        key: value
        for key, value in run.tags.items()
        if not key.startswith(tag_names.OWN_TAG_PREFIX) or key in _KEPT_TAGS
    }
    return {
        **kept,
        tag_names.ROOT_RUN_ID: root_id,
        tag_names.PARENT_RUN_ID: run.run_id,
        tag_names.IS_RESUME_RETRY: str(_is_from_failure(run)).lower(),
        tag_names.RETRY_NUMBER: str(number),
    }
