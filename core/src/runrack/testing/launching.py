"""Fakes for tests of what launches runs: launchers that start nothing, a daemon that is a plain object, instances and runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typing_extensions import override

from runrack.host.registry import PluginRegistry
from runrack.instance.configuration import plugin_data
from runrack.instance.instance import Instance, InstanceType
from runrack.interfaces.run_launcher import LaunchRunContext, RunLauncher
from runrack.interfaces.storage import Storage
from runrack.interfaces.workspace import Workspace
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin
from runrack.records.run_claim import RunClaim
from runrack.records.run_status import ACTIVE


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


class ObedientLauncher(RecordingLauncher):
    """Starts nothing; a run of it that is to stop is canceled at once.

    Attributes:
        is_deaf: Whether it reaches no run any more: nothing can be stopped.
        workspaces: The workspace that each run was launched with.
    """

    def __init__(self, **errors: Exception) -> None:
        super().__init__(**errors)
        self.is_deaf = False
        self.workspaces: list[Workspace | None] = []

    @override
    def launch_run(self, context: LaunchRunContext) -> None:
        super().launch_run(context)
        self.workspaces.append(context.workspace)

    @override
    def terminate(self, run_id: str) -> bool:
        super().terminate(run_id)
        run = self.instance.get_run_by_id(run_id)
        if self.is_deaf or run is None or run.status not in ACTIVE:
            return False
        self.instance.report_run_canceling(run)
        self.instance.report_run_canceled(run)
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


def open_in_memory(**parts: Any) -> Instance:
    """Open an instance of these parts, by the names that `Instance` gives them, which keeps everything in memory.

    Raises:
        PluginNotFoundError: The distribution `runrack-memory` is not installed.
    """
    registry = PluginRegistry()
    storage = plugin_data(registry, "storage", "memory", {}).rehydrate(Storage, registry=registry)
    return Instance(InstanceType.EPHEMERAL, storage=storage, registry=registry, **parts)


def open_on_files(folder: Path, overrides: Mapping[str, Any] | None = None, **parts: Any) -> Instance:
    """Open an instance below a folder, which other processes can open, too, and which has these parts in this one.

    Args:
        folder: An empty folder.
        overrides: What would stand in its `runrack.yaml`.
        parts: Objects, by the names that `Instance` gives them; what is not given is as configured.

    Raises:
        PluginNotFoundError: The distribution of a default part is not installed: `runrack-sqlite`, `runrack-local`, ...
    """
    with Instance.local_temp(folder, overrides) as configured:
        return Instance(ref=configured.get_ref(), **parts)


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
