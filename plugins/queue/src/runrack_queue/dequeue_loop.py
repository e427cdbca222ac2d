"""DequeueLoop: launches the runs of the queue whose turn it is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from typing_extensions import override

from runrack.errors import LocationUnavailableError, RunNotFoundError, StaleClaimError, StorageError
from runrack.interfaces.daemon_loop import DaemonContext, DaemonLoop
from runrack.interfaces.run_queue import RunQueue
from runrack.records.run import Run
from runrack.records.run_claim import RunClaim
from runrack.records.run_queue import RunsInProgress
from runrack_queue.launch_leases import LaunchLeases

if TYPE_CHECKING:
    from runrack_queue.queued_run_coordinator import QueuedRunCoordinator

_LOGGER = logging.getLogger("runrack.queue")

LAUNCH_SECONDS = 60.0
"""The lease of a run whose turn has come: so long after its daemon died, a run is back in the queue."""

START_SECONDS = 45.0
"""The lease of a run from its launch on, renewed while that lasts: so long a worker has to take it over."""

LOOK_SECONDS = 0.05
"""How long to wait, while runs wait for others to end, until it is looked whether one has ended."""

_MOST_AT_ONCE = 32
"""How many runs are claimed at once, for each that can be launched at the same time, when launching takes no time."""

_SOON_SECONDS = 0.5
"""In how much time all that was claimed at once should be launched: a claimed run takes the place of another."""


class DequeueLoop(DaemonLoop):
    """Claims the runs whose turn it is, as many as the limits allow, and launches them.

    Args:
        coordinator: Whose queue it is.
        idle_seconds: How long to wait when there was nothing to launch; a place that becomes free is noticed sooner.
        workers: How many runs are launched at the same time.
        launch_seconds: The lease of a run whose turn has come.
        start_seconds: The lease of a run from its launch on.
        clock: Tells the time in seconds, from any moment on.
    """

    def __init__(
        self,
        coordinator: QueuedRunCoordinator,
        idle_seconds: float,
        workers: int = 1,
        launch_seconds: float = LAUNCH_SECONDS,
        start_seconds: float = START_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._coordinator = coordinator
        self._idle_seconds = idle_seconds
        self._workers = workers
        self._launch_seconds = launch_seconds
        self._start_seconds = start_seconds
        self._clock = clock
        self._full: _FullQueue | None = None

    @property
    @override
    def name(self) -> str:
        return "dequeue"

    @property
    @override
    def interval_seconds(self) -> float:
        return self._idle_seconds if self._full is None else min(LOOK_SECONDS, self._idle_seconds)

    @override
    def run_once(self, context: DaemonContext) -> None:
        storage = context.instance.run_storage
        if self._full is not None and not self._full.may_have_room(storage, self._clock()):
            return
        self._full = None
        at_once = self._workers
        while not context.is_stopping:
            limits = self._coordinator.get_queue_limits(context.workspace)
            in_progress = storage.count_in_progress(limits.keys) if limits.is_any else RunsInProgress()
            claims = storage.claim_next(context.owner, self._launch_seconds, limits, at_once)
            if not claims:
                if in_progress.total and storage.list_queued(1):
                    self._full = _FullQueue(in_progress, limits.keys, self._clock() + self._idle_seconds)
                return
            began = self._clock()
            self._launch_all(context, claims)
            is_slow = self._clock() > began + _SOON_SECONDS
            at_once = self._workers if is_slow else min(2 * at_once, _MOST_AT_ONCE * self._workers)

    def _launch_all(self, context: DaemonContext, claims: Sequence[RunClaim]) -> None:
        ends = self._clock() + self._launch_seconds / 2
        starting = context.instance.begin_launches(claims)
        with LaunchLeases(context.instance.run_storage, self._start_seconds) as leases:
            if self._workers == 1:
                for run, claim in starting:
                    self._launch(context, run, claim, leases, ends)
                return
            with ThreadPoolExecutor(self._workers, thread_name_prefix="runrack-launch") as pool:
                launches = [
                    pool.submit(self._launch, context, run, claim, leases, ends) for run, claim in starting
                ]
        for launch in launches:
            launch.result()

    def _launch(
        self, context: DaemonContext, run: Run, claim: RunClaim, leases: LaunchLeases, ends: float
    ) -> None:
        """Launch one run. Whatever is wrong with it is in its log, and keeps no other from being launched."""
        if context.is_stopping or self._clock() > ends:
            self._coordinator.requeue_run(run, "The daemon did not come to launching the run.", claim.epoch)
            context.instance.run_storage.release(claim)
            return
        # Runs that were lost meanwhile are no concern of this daemon any more: canceled, deleted, or another's.
        with suppress(StaleClaimError, RunNotFoundError), leases.hold(claim) as held:
            self._hand_over(context, run, held)
        context.report_progress()

    def _hand_over(self, context: DaemonContext, run: Run, claim: RunClaim) -> None:
        try:
            context.instance.finish_launch(run, claim, context.workspace)
        except (StaleClaimError, RunNotFoundError, StorageError):
            raise
        except LocationUnavailableError as error:
            self._coordinator.wait_for_code(claim, error)
        except Exception:
            _LOGGER.exception("run %s could not be launched", run.run_id)


class _FullQueue:
    """What is known of a queue whose runs wait for others to end.

    Args:
        in_progress: Those others.
        tag_keys: The tags by which they are counted.
        due: When to look at the queue itself again, whatever happens.
    """

    def __init__(self, in_progress: RunsInProgress, tag_keys: Collection[str], due: float) -> None:
        self._in_progress = in_progress
        self._tag_keys = tag_keys
        self._due = due

    def may_have_room(self, storage: RunQueue, now: float) -> bool:
        """Tell whether some run has ended since the last look, by a count that costs little; or it is time anyway."""
        if now >= self._due:
            return True
        before, self._in_progress = self._in_progress, storage.count_in_progress(self._tag_keys)
        return self._in_progress.has_less_than(before)
