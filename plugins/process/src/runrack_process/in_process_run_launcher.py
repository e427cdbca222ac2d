"""InProcessRunLauncher: executes runs in the process that launches them."""

from __future__ import annotations

import logging
from typing import Any

from typing_extensions import override

from runrack.engine import claim_for_caller, execute_run, held_run
from runrack.errors import RunNotFoundError
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.run_launcher import LaunchRunContext, RunLauncher

_LOGGER = logging.getLogger("runrack.launcher")


class InProcessRunLauncher(RunLauncher, ConfigurableClass):
    """Executes each run in the calling process; launching returns when the run is over.

    - The run is loaded from its `job_code_origin`. What goes wrong in it is told by its status and its log.
    - The process holds the run while it lasts: when it dies, a daemon ends the run.

    Args:
        inst_data: What it was built from.
    """

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data

    @classmethod
    @override
    def config_type(cls) -> Any:
        return {}

    @override
    def launch_run(self, context: LaunchRunContext) -> None:
        claim = claim_for_caller(context.run, self.instance, context.claim)
        if claim is None:
            _LOGGER.warning("run %s is being launched by another already", context.run.run_id)
            return
        run = self.instance.get_run_by_id(context.run.run_id)
        if run is None:
            raise RunNotFoundError(context.run.run_id)
        with held_run(claim, self.instance) as epoch:
            execute_run(run, self.instance, epoch)  # as it is now: it may have been canceled meanwhile

    @override
    def terminate(self, run_id: str) -> bool:
        return False  # whoever could ask waits for the run that is being executed, if there is one
