"""RetentionLoop: removes events and ticks that are older than `runrack.yaml` allows."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from typing_extensions import override

from runrack.instance.instance import Instance
from runrack.instance.retention import Retention
from runrack.instance.retention_settings import policy_from_settings
from runrack.interfaces.daemon_loop import DaemonContext, DaemonLoop

_STEP = timedelta(seconds=5)
_logger = logging.getLogger("runrack.daemon")


class RetentionLoop(DaemonLoop):
    """Removes what is too old, a few seconds' worth in each round, so that it can be stopped in between.

    Args:
        instance: Whose storage it is.
    """

    def __init__(self, instance: Instance) -> None:
        policy = policy_from_settings(instance.get_settings("retention"))
        self._retention = Retention(instance.storage, policy)

    @property
    @override
    def name(self) -> str:
        return "retention"

    @property
    @override
    def interval_seconds(self) -> float:
        return 600.0

    @override
    def run_once(self, context: DaemonContext) -> None:
        while not context.is_stopping:
            removed = sum(self._retention.run_once(datetime.now(UTC) + _STEP).values())
            if not removed:
                return
            _logger.info("removed %d old events", removed)
            context.report_progress()
