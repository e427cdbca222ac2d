"""How the suites of `runrack.testing` make the parts of this package; `runrack plugins verify runrack-process` runs them."""

import os
import signal
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from typing_extensions import override

from runrack.engine import WorkerIdentity
from runrack.testing.conformance.run_launcher import RunLauncherConformance
from runrack.testing.conformance.suite import Ability
from runrack.testing.launch_site import LaunchSite
from runrack_process import DefaultRunLauncher, InProcessRunLauncher


class TestDefaultRunLauncher(RunLauncherConformance):
    """`DefaultRunLauncher`: a process for each run."""

    abilities = frozenset(
        {
            Ability.RUNS_IN_BACKGROUND,
            Ability.TERMINATES_RUNS,
            Ability.CHECKS_WORKER_HEALTH,
            Ability.RESUMES_RUNS,
        }
    )
    config: ClassVar[Mapping[str, Any]] = {
        "wait_for_processes": True,
        "lease_seconds": 1234.0,
        "grace_seconds": 2345.0,
    }

    @override
    def make_launcher(self) -> DefaultRunLauncher:
        return DefaultRunLauncher()

    @override
    def kill_worker(self, site: LaunchSite, run_id: str) -> None:
        worker = cast("WorkerIdentity", WorkerIdentity.from_owner(site.record(run_id).owner))
        os.killpg(worker.pid, signal.SIGKILL)
        cast("DefaultRunLauncher", site.launcher).join(self.patience_seconds)


class TestInProcessRunLauncher(RunLauncherConformance):
    """`InProcessRunLauncher`: launching returns when the run is over."""

    @override
    def make_launcher(self) -> InProcessRunLauncher:
        return InProcessRunLauncher()
