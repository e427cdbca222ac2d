"""How the suites of `runrack.testing` make the parts of this package; `runrack plugins verify runrack-process` runs them."""

import os
import signal
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from typing_extensions import override

from runrack.definitions.executor import ExecutorDefinition
from runrack.engine import WorkerIdentity
from runrack.testing.conformance.executor import ExecutorConformance
from runrack.testing.conformance.run_launcher import RunLauncherConformance
from runrack.testing.conformance.suite import Ability
from runrack.testing.launch_site import LaunchSite
from runrack_process import (
    DefaultRunLauncher,
    InProcessRunLauncher,
    in_process_executor,
    multiprocess_executor,
)


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


class TestInProcessExecutor(ExecutorConformance):
    """`in_process_executor`: one step after the other, in the process of the run."""

    plugin = "in_process"

    @override
    def make_executor(self, limit: int) -> ExecutorDefinition:
        return in_process_executor


class TestMultiprocessExecutor(ExecutorConformance):
    """`multiprocess_executor`: each step in a process of its own."""

    abilities = frozenset({Ability.RUNS_STEPS_AT_ONCE, Ability.SEPARATES_PROCESSES})
    plugin = "multiprocess"

    @override
    def make_executor(self, limit: int) -> ExecutorDefinition:
        return multiprocess_executor.configured({"max_concurrent": limit})
