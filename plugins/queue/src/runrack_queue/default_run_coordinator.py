"""DefaultRunCoordinator: launches every run at once."""

from __future__ import annotations

import logging
from typing import Any

from typing_extensions import override

from runrack.errors import RunNotFoundError
from runrack.host.configurable import ConfigurableClass, ConfigurableClassData
from runrack.interfaces.run_coordinator import RunCoordinator, SubmitRunContext
from runrack.records.run import Run
from runrack.records.run_status import RunStatus

_LOGGER = logging.getLogger("runrack.queue")


class DefaultRunCoordinator(RunCoordinator, ConfigurableClass):
    """Launches every run as soon as it is submitted.

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
    def submit_run(self, context: SubmitRunContext) -> Run:
        run_id = context.run.run_id
        stored = self.instance.get_run_by_id(run_id)
        if stored is None:
            raise RunNotFoundError(run_id)
        if stored.status is RunStatus.NOT_STARTED:
            return self.instance.launch_run(run_id, context.workspace)
        _LOGGER.warning("run %s is %s: it was submitted before and is left alone", run_id, stored.status)
        return stored

    @override
    def cancel_run(self, run_id: str) -> bool:
        return self.instance.run_launcher.terminate(run_id)
