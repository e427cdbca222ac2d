"""The claim of a process on a run that it has made itself, and executes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from typing_extensions import override

from runrack.engine.interrupt import is_main_thread, raising_interrupts
from runrack.engine.lease_keeper import LeaseKeeper
from runrack.engine.worker_identity import WorkerIdentity
from runrack.errors import ConflictError, StaleClaimError
from runrack.interfaces.part import InstanceServices
from runrack.interfaces.storage import Storage
from runrack.records.run import Run
from runrack.records.run_claim import RunClaim

LEASE_SECONDS = 60.0
"""How long a run seems to be under way after the process that executed it was killed."""

_LOOK_SECONDS = 10.0
"""How soon the process notices that its run is to be canceled."""


@contextmanager
def own_run(run: Run, instance: InstanceServices) -> Iterator[int | None]:
    """Return a context in which this process holds a run that it has just made, with the number of its claim.

    - The lease is renewed from a thread: when the process dies, a daemon ends the run.
    - When another cancels or ends the run, it is interrupted as by SIGTERM, if it is executed by the main thread. In any other
      it goes on, and what it writes comes late.
    - There is no claim, and the number is None, where no other process can see the run.

    Raises:
        ConflictError: Another process holds the run, or has changed its status since it was made.
    """
    if instance.is_ephemeral:
        yield None
        return
    claim = claim_for_caller(run, instance)
    if claim is None:
        raise ConflictError(
            f"run {run.run_id} is not executed here: another process holds it, or has changed its status since it was made."
            f" See: runrack runs show {run.run_id}"
        )
    with held_run(claim, instance) as epoch:
        yield epoch


@contextmanager
def held_run(claim: RunClaim, instance: InstanceServices) -> Iterator[int]:
    """Return a context in which this process holds a run that it has claimed, with the number of the claim; as `own_run`."""
    with raising_interrupts(), OwnRunKeeper(instance.storage, claim):
        yield claim.epoch


def claim_for_caller(run: Run, instance: InstanceServices, given: RunClaim | None = None) -> RunClaim | None:
    """Return a claim of this process on a run: the one that was given, handed over, or a new one; None when another holds it.

    Raises:
        StaleClaimError: The claim that was given is no longer held.
    """
    owner = WorkerIdentity.of_this_process(is_dedicated=False).owner
    if given is not None:
        return instance.run_storage.renew(given, LEASE_SECONDS, owner)
    claims = instance.run_storage.claim(owner, LEASE_SECONDS, run_ids=[run.run_id], status=run.status)
    return claims[0] if claims else None


class OwnRunKeeper(LeaseKeeper):
    """Renews the lease of a process that has other things to do than this run, and so is never killed.

    - Nobody takes such a run up, so one whose lease ran out, as while a debugger held the process, goes on until another
      has ended it.

    Args:
        storage: Who keeps the claim.
        claim: The claim of this process.
        lease_seconds: How long the lease lasts each time.
        look_seconds: How often it is renewed.
    """

    def __init__(
        self,
        storage: Storage,
        claim: RunClaim,
        lease_seconds: float = LEASE_SECONDS,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        super().__init__(storage, claim, lease_seconds, grace_seconds=0)
        self._interval = look_seconds
        self._interrupts = is_main_thread()
        self._lock = threading.Lock()

    @override
    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._over.set()
        super().__exit__(exc_type, error, trace)

    @override
    def _renew(self) -> None:
        try:
            super()._renew()
        except StaleClaimError:
            if self._is_taken():
                raise

    @override
    def _is_ending(self) -> bool:
        return False

    @override
    def _cancel(self) -> None:
        self._interrupt()

    @override
    def _stop(self, why: str) -> None:
        self.is_lost = True
        self._interrupt()

    def _is_taken(self) -> bool:
        with self._patience():
            record = self._storage.run_storage.get_run_record_by_id(self._claim.run_id)
        return record is None or record.run.is_finished or record.epoch != self._claim.epoch

    def _interrupt(self) -> None:
        """Interrupt the main thread, unless the run has ended by itself: then the signal would hit what follows."""
        with self._lock:
            if self._interrupts and not self._over.is_set():
                os.kill(os.getpid(), signal.SIGTERM)
