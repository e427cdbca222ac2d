"""The run launchers launch as every run launcher does."""

import os
import signal
from typing import ClassVar

from runrack.engine import WorkerIdentity
from runrack.testing.conformance.run_launcher import RunLauncherConformance
from runrack.testing.conformance.suite import Ability
from runrack_process import DefaultRunLauncher, InProcessRunLauncher


class TestDefaultRunLauncher(RunLauncherConformance):
    """DefaultRunLauncher: a process for each run."""

    abilities = frozenset(
        {
            Ability.RUNS_IN_BACKGROUND,
            Ability.TERMINATES_RUNS,
            Ability.CHECKS_WORKER_HEALTH,
            Ability.RESUMES_RUNS,
        }
    )
    config: ClassVar = {"wait_for_processes": True, "lease_seconds": 1234.0, "grace_seconds": 2345.0}

    def make_launcher(self):
        return DefaultRunLauncher()

    def kill_worker(self, site, run_id):
        worker = WorkerIdentity.from_owner(site.record(run_id).owner)
        os.killpg(worker.pid, signal.SIGKILL)
        site.launcher.join(self.patience_seconds)


class TestInProcessRunLauncher(RunLauncherConformance):
    """InProcessRunLauncher: launching returns when the run is over."""

    def make_launcher(self):
        return InProcessRunLauncher()
