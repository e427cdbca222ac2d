"""Fakes for tests of what launches runs: a launcher that starts nothing, a daemon that is a plain object, and runs."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from runrack.instance.instance import Instance
from runrack.interfaces.run_launcher import LaunchRunContext, RunLauncher
from runrack.interfaces.workspace import Workspace
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin
from runrack.records.run_claim import RunClaim


class RecordingLauncher(RunLauncher):
    """Notes what it is asked for and starts nothing.

    Args:
        errors: Job name to what is raised when a run of it is launched.

    Attributes:
        launched: The runs that were launched, in order.
        claims: What each of them was launched with.
        terminated: The runs that were to be stopped, in order.
    """

    def __init__(self, **errors: Exception) -> None:
        self.errors = errors
        self.launched: list[str] = []
        self.claims: list[RunClaim | None] = []
        self.terminated: list[str] = []

    @override
    def launch_run(self, context: LaunchRunContext) -> None:
        error = self.errors.get(context.run.job_name)
        if error is not None:
            raise error
        self.launched.append(context.run.run_id)
        self.claims.append(context.claim)

    @override
    def terminate(self, run_id: str) -> bool:
        self.terminated.append(run_id)
        return True


class FakeDaemon:
    """A daemon as its loops see it. It never waits.

    Args:
        instance: What it works for.
        workspace: Where code is loaded from.
        owner: Under which name it claims.
        stops_after: After how many signs of progress it is asked to stop.
    """

    def __init__(
        self,
        instance: Instance,
        workspace: Workspace | None = None,
        owner: str = "daemon",
        stops_after: int | None = None,
    ) -> None:
        self.instance = instance
        self.workspace = workspace
        self.owner = owner
        self.progress = 0
        self._stops_after = stops_after

    @property
    def is_stopping(self) -> bool:
        """Whether it has been asked to stop."""
        return self._stops_after is not None and self.progress >= self._stops_after

    def report_progress(self) -> None:
        """Count a sign of progress."""
        self.progress += 1

    def wait(self, _seconds: float) -> bool:
        """Tell at once whether it was asked to stop."""
        return self.is_stopping


def new_run(instance: Instance, job_name: str = "job", location: str = "here", **fields: Any) -> str:
    """Store a run that can be submitted, and return its id."""
    return instance.create_run(
        job_name=job_name,
        remote_job_origin=RemoteJobOrigin(location, job_name),
        job_code_origin=JobCodeOrigin(job_name, job_name, module="jobs"),
        **fields,
    ).run_id


def submit(instance: Instance, *job_names: str, **fields: Any) -> list[str]:
    """Store and submit a run of each of these jobs, and return their ids."""
    run_ids = [new_run(instance, job_name, **fields) for job_name in job_names]
    for run_id in run_ids:
        instance.submit_run(run_id)
    return run_ids
