"""LaunchSite: an instance with a run launcher, and what a test does with it and with the workers that it starts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from runrack.instance.instance import Instance
from runrack.interfaces.run_launcher import LaunchRunContext, RunLauncher
from runrack.interfaces.workspace import Workspace
from runrack.records.event import EventLogRecord
from runrack.records.event_type import EventType
from runrack.records.run import JobCodeOrigin, RemoteJobOrigin, Run, RunRecord
from runrack.records.run_claim import RunClaim
from runrack.records.run_status import RunStatus
from runrack.testing import launch_jobs

_LOOK_SECONDS = 0.005
_THREADS = 16


class LaunchSite:
    """Where a test launches runs.

    Args:
        instance: The instance with the launcher.
        workspace: Where the code of runs is loaded from.
        patience_seconds: How long to wait for what should come.

    Attributes:
        instance: The instance.
        launcher: Its launcher.
    """

    def __init__(self, instance: Instance, workspace: Workspace, patience_seconds: float) -> None:
        self.instance = instance
        self.launcher: RunLauncher = instance.run_launcher
        self._workspace = workspace
        self._patience_seconds = patience_seconds
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="launch-site")
        self._begun: list[str] = []

    def close(self) -> None:
        """Let all runs go and wait for their ends; what does not end is left alone."""
        for run_id in self._begun:
            with suppress(AssertionError):
                self.let_go(run_id)
                self.wait_for_end(run_id)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def new_run(self, job_name: str = "quick", module: str = launch_jobs.__name__, **fields: Any) -> Run:
        """Store a run of one of the jobs of `launch_jobs`, and return it."""
        return self.instance.create_run(
            job_name=job_name,
            remote_job_origin=RemoteJobOrigin(module, job_name),
            job_code_origin=JobCodeOrigin(job_name, job_name, module=module),
            **fields,
        )

    def new_claimed_run(self, job_name: str = "quick") -> tuple[Run, RunClaim]:
        """Take the part of a daemon: store and claim a run and say that it is starting."""
        run = self.new_run(job_name, status=RunStatus.QUEUED)
        (claim,) = self.instance.run_storage.claim("daemon", 60, run_ids=[run.run_id])
        ((starting, held),) = self.instance.begin_launches([claim])
        return starting, held

    def launch(self, run: Run) -> Run:
        """Have the instance launch a run, and return what it returns."""
        self._begun.append(run.run_id)
        return self.instance.launch_run(run.run_id, self._workspace)

    def launch_claimed(self, run: Run, claim: RunClaim) -> None:
        """Have the instance launch a run under a claim, as a daemon does."""
        self._begun.append(run.run_id)
        self.instance.finish_launch(run, claim, self._workspace)

    def ask_launcher(self, run: Run) -> None:
        """Ask the launcher itself to launch a run."""
        self._begun.append(run.run_id)
        self.launcher.launch_run(LaunchRunContext(run, self._workspace))

    def launch_another(self) -> None:
        """Launch a run and wait for its end: a worker that was started before it, and should not have been, is there by then."""
        run = self.new_run()
        self.launch(run)
        assert self.wait_for_end(run.run_id) is RunStatus.SUCCESS

    def begin(self, action: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Do something in a thread: launching lasts as long as the run where the run is executed by who launches it."""
        return self._threads.submit(action, *arguments)

    def begin_waiting(self) -> Run:
        """Launch a run that waits until it is let go, and return it as stored once its worker is there."""
        run = self.new_run("waiting")
        launch = self.begin(self.launch, run)
        self.wait_for_worker(run.run_id, launch)
        return self.stored(run.run_id)

    def resume(self, run_id: str) -> Run:
        """Have the instance take up a run whose worker died, and return what it returns."""
        return self.instance.resume_run(run_id, self._workspace)

    def let_go(self, run_id: str) -> None:
        """Let a waiting run go on."""
        self.instance.run_storage.add_run_tags(run_id, {launch_jobs.MAY_GO: "yes"})

    def take_away(self, run_id: str) -> RunClaim:
        """Take a run from whoever holds it, as when its lease has run out, and return the new claim."""
        self.release(run_id)
        status = self.stored(run_id).status
        (claim,) = self.instance.run_storage.claim("another", 600, run_ids=[run_id], status=status)
        return claim

    def release(self, run_id: str) -> None:
        """Let nobody hold a run."""
        record = self.record(run_id)
        if record.owner is not None and record.lease_expires is not None:
            claim = RunClaim(run_id, record.epoch, record.owner, record.lease_expires)
            self.instance.run_storage.release(claim)

    def cancel_for_good(self, run_id: str) -> None:
        """Let a run be over whose worker is out."""
        self.instance.report_run_canceled(self.stored(run_id))

    def stored(self, run_id: str) -> Run:
        """Return a run as stored."""
        return self.record(run_id).run

    def record(self, run_id: str) -> RunRecord:
        """Return the record of a run."""
        record = self.instance.get_run_record_by_id(run_id)
        assert record is not None, f"run {run_id} is not stored any more"
        return record

    def count(self, run_id: str, message: str = launch_jobs.ARRIVED) -> int:
        """Return how often the log of a run says something: by default, that a worker is there."""
        entries = self.instance.all_logs(run_id, EventType.ENGINE_EVENT)
        return sum(entry.message == message for entry in entries)

    def events(self, run_id: str, *types: EventType) -> list[EventLogRecord]:
        """Return the events of a run, oldest first; those of some types when they are given."""
        return list(self.instance.get_records_for_run(run_id, of_type=types or None).records)

    def text_of(self, run_id: str) -> str:
        """Return all that the log of a run says, errors included."""
        return "\n".join(f"{entry.message} {entry.event}" for entry in self.instance.all_logs(run_id))

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something is so. It fails when that does not come in time."""
        ends = time.monotonic() + self._patience_seconds
        while not condition():
            assert time.monotonic() < ends, f"{what}: not within {self._patience_seconds:g} s"
            time.sleep(_LOOK_SECONDS)

    def wait_for_worker(self, run_id: str, launch: Future[Any] | None = None) -> None:
        """Wait until the worker of a run is there. What the launch raises is raised."""

        def is_there() -> bool:
            if launch is not None and launch.done():
                launch.result()
            return self.count(run_id) > 0

        self.wait_until(is_there, f"a worker of run {run_id}")

    def wait_for_end(self, run_id: str) -> RunStatus:
        """Wait for the end of a run, and return how it ended."""
        self.wait_until(lambda: self.stored(run_id).is_finished, f"the end of run {run_id}")
        return self.stored(run_id).status


def count_resources() -> tuple[int, int, int]:
    """Return how many open files, threads and child processes this process has; 0 where the system does not tell."""
    files = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    children = sum(
        len(path.read_text(encoding="ascii").split()) for path in Path("/proc/self/task").glob("*/children")
    )
    return files, threading.active_count(), children
