"""DequeueLoop: launches the runs of the queue whose turn it is."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from typing_extensions import override

from runrack.errors import LocationUnavailableError, RunNotFoundError, StaleClaimError, StorageError
from runrack.interfaces.daemon_loop import DaemonContext, DaemonLoop
from runrack.records.run_claim import RunClaim

if TYPE_CHECKING:
    from runrack_queue.queued_run_coordinator import QueuedRunCoordinator

_LOGGER = logging.getLogger("runrack.queue")

LAUNCH_SECONDS = 60.0
"""The lease of a run that is about to be launched: so long after its daemon died, a run is back in the queue."""

START_SECONDS = 180.0
"""The lease of a run that was launched: so long a worker has to take it over."""

_MOST_AT_ONCE = 32
"""How many runs are claimed at once, for each that can be launched at the same time, when launching takes no time."""

_SOON_SECONDS = 0.5
"""In how much time all that was claimed at once should be launched: a claimed run takes the place of another."""


class DequeueLoop(DaemonLoop):
    """Claims the runs whose turn it is, as many as the limits allow, and launches them.

    Args:
        coordinator: Whose queue it is.
        interval_seconds: How long to wait when there was nothing to launch.
        workers: How many runs are launched at the same time.
        launch_seconds: The lease of a run that is about to be launched.
    """

    def __init__(
        self,
        coordinator: QueuedRunCoordinator,
        interval_seconds: float,
        workers: int = 1,
        launch_seconds: float = LAUNCH_SECONDS,
    ) -> None:
        self._coordinator = coordinator
        self._launch_seconds = launch_seconds
        self._interval_seconds = interval_seconds
        self._workers = workers

    @property
    @override
    def name(self) -> str:
        return "dequeue"

    @property
    @override
    def interval_seconds(self) -> float:
        return self._interval_seconds

    @override
    def run_once(self, context: DaemonContext) -> None:
        storage = context.instance.run_storage
        at_once = self._workers
        while not context.is_stopping:
            limits = self._coordinator.get_queue_limits(context.workspace)
            claims = storage.claim_next(context.owner, self._launch_seconds, limits, at_once)
            if not claims:
                return
            began = time.monotonic()
            self._launch_all(context, claims)
            is_slow = time.monotonic() > began + _SOON_SECONDS
            at_once = self._workers if is_slow else min(2 * at_once, _MOST_AT_ONCE * self._workers)

    def _launch_all(self, context: DaemonContext, claims: Sequence[RunClaim]) -> None:
        claimed_at = time.monotonic()
        if self._workers == 1:
            for claim in claims:
                self._launch(context, claim, claimed_at)
            return
        with ThreadPoolExecutor(self._workers, thread_name_prefix="runrack-launch") as pool:
            launches = [pool.submit(self._launch, context, claim, claimed_at) for claim in claims]
        for launch in launches:
            launch.result()

    def _launch(self, context: DaemonContext, claim: RunClaim, claimed_at: float) -> None:
        """Launch one run. Whatever is wrong with it is in its log, and keeps no other from being launched."""
        storage = context.instance.run_storage
        if context.is_stopping:
            storage.release(claim)
            return
        # Runs that were lost meanwhile are no concern of this daemon any more: canceled, deleted, or another's.
        with suppress(StaleClaimError, RunNotFoundError):
            held = claim
            if time.monotonic() > claimed_at + self._launch_seconds / 2:
                held = storage.renew(claim, self._launch_seconds)
            if self._is_launched(context, held):
                storage.renew(held, START_SECONDS)
        context.report_progress()

    def _is_launched(self, context: DaemonContext, claim: RunClaim) -> bool:
        try:
            context.instance.launch_run(claim.run_id, context.workspace, claim)
        except (StaleClaimError, RunNotFoundError, StorageError):
            raise
        except LocationUnavailableError as error:
            self._coordinator.wait_for_code(claim, error)
            return False
        except Exception:
            _LOGGER.exception("run %s could not be launched", claim.run_id)
            return False
        return True
