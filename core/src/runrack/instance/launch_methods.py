"""How runs are submitted, launched and canceled."""

from __future__ import annotations

from runrack.errors import InvariantViolationError, RunNotFoundError
from runrack.instance.event_methods import EventMethods
from runrack.instance.run_methods import RunMethods
from runrack.interfaces.run_coordinator import SubmitRunContext
from runrack.interfaces.run_launcher import LaunchRunContext
from runrack.interfaces.workspace import Workspace
from runrack.records.error_info import error_info_from_exception
from runrack.records.event import Event
from runrack.records.event_data import EngineEventData
from runrack.records.event_type import EventType
from runrack.records.run import Run
from runrack.records.run_claim import RunClaim


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
            return self.run_coordinator.submit_run(SubmitRunContext(run, workspace))
        except Exception as error:
            self._fail_to_launch(run, "The run could not be submitted.", error)
            raise

    def launch_run(
        self, run_id: str, workspace: Workspace | None = None, claim: RunClaim | None = None
    ) -> Run:
        """Hand a run to the run launcher and return it as stored afterwards.

        - RUN_STARTING is stored before the launcher is asked.
        - When the launcher fails, the run ends in FAILURE with the error in its log, and the error is raised.

        Args:
            run_id: Which run.
            workspace: Where its code is loaded from.
            claim: The caller's claim on the run: it passes to the worker.

        Raises:
            RunNotFoundError: No such run.
        """
        run = self._existing_run(run_id)
        self.report_event(Event(EventType.RUN_STARTING, run.job_name), run_id)
        starting = self._existing_run(run_id)
        self.hooks.call("run_launching", run=starting)
        try:
            self.run_launcher.launch_run(LaunchRunContext(starting, workspace, claim))
        except Exception as error:
            self._fail_to_launch(starting, "The run could not be launched.", error)
            raise
        return self._existing_run(run_id)

    def cancel_run(self, run_id: str) -> bool:
        """Cancel a run wherever it is, and tell whether that was possible. False for an unknown run."""
        return self.run_coordinator.cancel_run(run_id)

    def _existing_run(self, run_id: str) -> Run:
        run = self.run_storage.get_run_by_id(run_id)
        if run is None:
            raise RunNotFoundError(run_id)
        return run

    def _fail_to_launch(self, run: Run, message: str, error: Exception) -> None:
        self.report_engine_event(message, run, EngineEventData(error=error_info_from_exception(error)))
        self.report_run_failed(run)
