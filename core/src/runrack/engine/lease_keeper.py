"""LeaseKeeper: renews the lease of a run's worker, and stops the worker when it has lost it."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType

from typing_extensions import override

from runrack.errors import RunrackError, StaleClaimError
from runrack.interfaces.storage import Storage, SupportsPatience
from runrack.records.run_claim import RunClaim
from runrack.records.run_status import RunStatus

STOP_SECONDS = 4.0
"""How long a worker that has lost its run has to tear down what it holds before it is killed."""

_ENDING_SECONDS = 10.0
"""How long a worker may take from the end of its run to the moment at which it says that it is done."""

_logger = logging.getLogger("runrack.worker")


def boot_clock() -> float:
    """Return seconds of a clock that also goes on while the machine sleeps, where there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class LeaseKeeper(AbstractContextManager["LeaseKeeper"]):
    """Renews a worker's lease from a thread, three times while it lasts.

    - A worker that learns that its claim is stale, or that cannot renew before the lease ends, is stopped: by SIGTERM, and by
      SIGKILL of its process group when that does not help. What it still writes comes late by its epoch.
    - A worker whose run is to be canceled gets SIGTERM, wherever that was asked for.

    Args:
        storage: Who keeps the claim.
        claim: The worker's claim.
        lease_seconds: How long the lease lasts each time.
        grace_seconds: How long the worker has when its run is canceled.
        clock: Gives seconds.
    """

    def __init__(
        self,
        storage: Storage,
        claim: RunClaim,
        lease_seconds: float,
        grace_seconds: float,
        clock: Callable[[], float] = boot_clock,
    ) -> None:
        self._storage = storage
        self._claim = claim
        self._lease_seconds = lease_seconds
        self._interval = lease_seconds / 3
        self._grace_seconds = grace_seconds
        self._clock = clock
        self._ends = clock() + lease_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self.is_lost = False

    @override
    def __enter__(self) -> LeaseKeeper:
        self._thread.start()
        return self

    @override
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(STOP_SECONDS)

    def _keep(self) -> None:
        while not self._over.wait(self._interval):
            try:
                self._renew()
            except StaleClaimError:
                if not self._over.wait(self._seconds_to_end()):
                    self._stop("another has taken the run, or has ended it")
                return
            except RunrackError as error:
                _logger.warning("the lease of run %s could not be renewed: %s", self._claim.run_id, error)
            if self._is_ending():
                self._stop("its lease could not be renewed")
                return
            if self._is_canceled():
                self._cancel()
                return

    def _renew(self) -> None:
        now = self._clock()
        with self._patience():
            self._claim = self._storage.run_storage.renew(self._claim, self._lease_seconds)
        self._ends = now + self._lease_seconds

    def _is_ending(self) -> bool:
        """Tell whether the lease may have run out by the next renewal."""
        return self._clock() > self._ends - self._interval / 2

    def _seconds_to_end(self) -> float:
        """Return how long to wait for the worker's own end: a claim is stale as well when its owner has just ended the run."""
        try:
            with self._patience():
                record = self._storage.run_storage.get_run_record_by_id(self._claim.run_id)
        except RunrackError:
            return 0.0
        is_own_end = record is not None and record.run.is_finished and record.epoch == self._claim.epoch
        return _ENDING_SECONDS if is_own_end else 0.0

    def _is_canceled(self) -> bool:
        try:
            with self._patience():
                run = self._storage.run_storage.get_run_by_id(self._claim.run_id)
        except RunrackError:
            return False
        return run is not None and run.status is RunStatus.CANCELING

    def _cancel(self) -> None:
        """Have the run end as canceled. The lease is not needed for that: a canceled run is not given to another."""
        os.kill(os.getpid(), signal.SIGTERM)
        if not self._over.wait(self._grace_seconds):
            os.killpg(os.getpgrp(), signal.SIGKILL)

    def _stop(self, why: str) -> None:
        _logger.error("the worker of run %s stops: %s", self._claim.run_id, why)
        self.is_lost = True
        os.kill(os.getpid(), signal.SIGTERM)
        if not self._over.wait(STOP_SECONDS):
            os.killpg(os.getpgrp(), signal.SIGKILL)

    def _patience(self) -> AbstractContextManager[None]:
        """Return a context in which a storage that is away is waited for a sixth of the lease at most."""
        if isinstance(self._storage, SupportsPatience):
            return self._storage.patience(self._lease_seconds / 6)
        return nullcontext()
