"""How runs are submitted, launched and canceled."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import groupby

from runrack.errors import (
    ConflictError,
    InvariantViolationError,
    LocationUnavailableError,
    RunNotFoundError,
    StorageUnavailableError,
)
from runrack.host.plugin_set import check_plugins
from runrack.instance.event_methods import EventMethods
from runrack.instance.run_methods import RunMethods
from runrack.interfaces.event_log import NO_RECORD
from runrack.interfaces.run_coordinator import SubmitRunContext
from runrack.interfaces.run_launcher import LaunchRunContext, ResumeRunContext, SupportsResumeRun
from runrack.interfaces.workspace import Workspace
from runrack.records.error_info import error_info_from_exception
from runrack.records.event import Event, EventLogEntry, event_entry
from runrack.records.event_data import EngineEventData, RunFailureData
from runrack.records.event_type import EventType
from runrack.records.run import Run
from runrack.records.run_claim import RunClaim
from runrack.records.run_status import ACTIVE, RunStatus
from runrack.records.runs_filter import RunsFilter

_LOGGER = logging.getLogger("runrack")

RESUME_MESSAGE = "The worker of the run has died; another one takes the run up."
"""What the log of a run says each time that it is taken up."""


class LaunchMethods(RunMethods, EventMethods):
    """The way of a run from being stored to its worker."""

    def submit_run(self, run_id: str, workspace: Workspace | None = None) -> Run:
        """Hand a run to the run coordinator and return it as stored afterwards.

        - When the coordinator fails, the run ends in FAILURE with the error in its log, and the error is raised.

        Raises:
            RunNotFoundError: No such run.
            InvariantViolationError: The run does not say where its code lies.
        """
        run = self._existing_run(run_id)
        if run.remote_job_origin is None or run.job_code_origin is None:
            raise InvariantViolationError(
                f"run {run_id} cannot be submitted: it needs a remote_job_origin and a job_code_origin, so that whoever "
                "executes it finds its code"
            )
        try:
            return self.run_coordinator.submit_run(SubmitRunContext(run, workspace or self.workspace))
        except Exception as error:
            self._fail_to_launch(run, "The run could not be submitted.", error)
            raise

    def launch_run(self, run_id: str, workspace: Workspace | None = None) -> Run:
        """Hand a run to the run launcher and return it as stored afterwards.

        - RUN_STARTING is stored before the launcher is asked. When it comes late, another has launched the run or it is over:
          the launcher is not asked.
        - When the launcher fails, the run ends in FAILURE with the error in its log, and the error is raised; a run that
          is no longer STARTING by then is left alone.

        Raises:
            RunNotFoundError: No such run.
        """
        record = self.handle_new_event(_starting(self._existing_run(run_id)))
        run = self._existing_run(run_id)
        if record.late:
            _LOGGER.warning("run %s is %s already: it is not launched again", run_id, run.status)
            return run
        self._hand_to_launcher(run, workspace, claim=None)
        return self._existing_run(run_id)

    def begin_launches(self, claims: Sequence[RunClaim]) -> Sequence[tuple[Run, RunClaim]]:
        """Store RUN_STARTING for claimed runs, many in one transaction, and return those that may be launched now.

        - What `launch_run` does first, for many: each of the runs is then given to `finish_launch`, or put back.
        - Runs that were canceled or deleted meanwhile, or that another holds, are left out.
        - They come in the order of `claims`, of which there is at least one.

        Raises:
            StorageUnavailableError: The storage is away. Nothing is to be launched.
        """
        wanted = RunsFilter(run_ids=[claim.run_id for claim in claims])
        runs = {run.run_id: run for run in self.run_storage.get_runs(wanted)}
        present = sorted((claim for claim in claims if claim.run_id in runs), key=_epoch)
        begun: set[str] = set()
        for epoch, of_epoch in groupby(present, _epoch):
            entries = [_starting(runs[claim.run_id]) for claim in of_epoch]
            records = self.handle_new_events(entries, epoch=epoch)
            if any(record.storage_id == NO_RECORD for record in records):
                raise StorageUnavailableError(f"{len(records)} runs are not launched: the storage is away")
            begun.update(record.run_id for record in records if not record.late)
        return [
            (runs[claim.run_id].with_status(RunStatus.STARTING), claim)
            for claim in claims
            if claim.run_id in begun
        ]

    def finish_launch(self, run: Run, claim: RunClaim, workspace: Workspace | None = None) -> None:
        """Hand a run that `begin_launches` has returned to the run launcher.

        - When the launcher fails, it is as with `launch_run`; only a run whose code cannot be loaded just now does not end:
          the holder of the claim decides what follows.
        """
        self._hand_to_launcher(run, workspace, claim)

    def resume_run(
        self,
        run_id: str,
        workspace: Workspace | None = None,
        attempt_number: int = 1,
        claim: RunClaim | None = None,
    ) -> Run:
        """Have the run launcher take up a run whose worker died, and return the run as stored afterwards.

        - An event of the attempt is stored before the launcher is asked; `count_resume_run_attempts` counts those.
        - When the launcher fails, the run ends in FAILURE with the error in its log, and the error is raised.
        - With a `claim`, a run whose code cannot be loaded just now does not end: its holder decides what follows.

        Args:
            run_id: Which run.
            workspace: Where its code is loaded from; the instance's own workspace when left out.
            attempt_number: The how many-th attempt this is, from 1 on.
            claim: The caller's claim on the run: it passes to the worker.

        Raises:
            RunNotFoundError: No such run.
            InvariantViolationError: The run is not under way, or the launcher cannot take up runs.
            ConflictError: A worker holds the run: nothing was launched.
        """
        run = self._existing_run(run_id)
        launcher = self.run_launcher
        if run.status not in ACTIVE:
            raise InvariantViolationError(
                f"run {run_id} cannot be taken up: it is {run.status}, not under way"
            )
        if not isinstance(launcher, SupportsResumeRun):
            raise InvariantViolationError(
                f"run {run_id} cannot be taken up: the run launcher {type(launcher).__name__} does not do that"
            )
        self.report_engine_event(RESUME_MESSAGE, run)
        try:
            launcher.resume_run(ResumeRunContext(run, workspace or self.workspace, claim, attempt_number))
        except Exception as error:
            if not _is_left_to_holder(error, claim):
                self._fail_to_launch(run, "The run could not be taken up.", error, claim)
            raise
        return self._existing_run(run_id)

    def count_resume_run_attempts(self, run_id: str) -> int:
        """Return how often a new worker was started for the run because the last one had died."""
        entries = self.all_logs(run_id, of_type=EventType.ENGINE_EVENT)
        return sum(entry.message == RESUME_MESSAGE for entry in entries)

    def run_will_resume(self, run_id: str) -> bool:
        """Tell whether a new worker takes the run up when its worker dies: monitoring is on and has attempts left."""
        monitoring = self.get_settings("run_monitoring")
        attempts: int = monitoring.get("max_resume_run_attempts", 0)
        if not monitoring.get("enabled", True) or attempts < 1:
            return False
        return self.count_resume_run_attempts(run_id) < attempts

    def cancel_run(self, run_id: str) -> bool:
        """Cancel a run wherever it is, and tell whether that was possible. False for an unknown run."""
        return self.run_coordinator.cancel_run(run_id)

    def _existing_run(self, run_id: str) -> Run:
        run = self.run_storage.get_run_by_id(run_id)
        if run is None:
            raise RunNotFoundError(run_id)
        return run

    def _hand_to_launcher(self, run: Run, workspace: Workspace | None, claim: RunClaim | None) -> None:
        self.hooks.call("run_launching", run=run)
        try:
            check_plugins(run, self, "The process that launches the run")
            self.run_launcher.launch_run(LaunchRunContext(run, workspace or self.workspace, claim))
        except Exception as error:
            is_left = _is_left_to_holder(error, claim)
            if not is_left and self._existing_run(run.run_id).status is RunStatus.STARTING:
                self._fail_to_launch(run, "The run could not be launched.", error, claim)
            raise

    def _fail_to_launch(
        self, run: Run, message: str, error: Exception, claim: RunClaim | None = None
    ) -> None:
        self.report_engine_event(message, run, EngineEventData(error=error_info_from_exception(error)))
        failure = Event(
            EventType.RUN_FAILURE, run.job_name, message=message, event_specific_data=RunFailureData()
        )
        entry = event_entry(failure, run.run_id, "ERROR")
        self.handle_new_events([entry], epoch=None if claim is None else claim.epoch)


def _starting(run: Run) -> EventLogEntry:
    return event_entry(Event(EventType.RUN_STARTING, run.job_name), run.run_id)


def _epoch(claim: RunClaim) -> int:
    return claim.epoch


def _is_left_to_holder(error: Exception, claim: RunClaim | None) -> bool:
    """Tell whether an error of the launcher does not end the run: another holds it, or its holder may try again."""
    return isinstance(error, ConflictError) or (
        claim is not None and isinstance(error, LocationUnavailableError)
    )
