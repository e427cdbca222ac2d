"""LaunchLeases: keeps runs that are being launched from being lost, however long that takes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType

from typing_extensions import override

from runrack.errors import RunrackError, StaleClaimError
from runrack.interfaces.run_claims import RunClaims
from runrack.records.run_claim import RunClaim

_LOGGER = logging.getLogger("runrack.queue")


class LaunchLeases(AbstractContextManager["LaunchLeases"]):
    """Renews the leases of runs while they are launched, from one thread, three times while they last.

    A launch may take longer than a lease: the code of the run is loaded first, when no run has needed it before. Once a worker
    has taken the run over, the claim is the worker's to renew.

    Args:
        claims: Who keeps the claims.
        lease_seconds: How long a lease lasts each time.
    """

    def __init__(self, claims: RunClaims, lease_seconds: float) -> None:
        self._claims = claims
        self._lease_seconds = lease_seconds
        self._held: dict[str, RunClaim] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="runrack-launch-leases", daemon=True)

    @override
    def __enter__(self) -> LaunchLeases:
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
        self._thread.join()

    @contextmanager
    def hold(self, claim: RunClaim) -> Iterator[RunClaim]:
        """Return a context in which the lease of a run is renewed: now, and again and again.

        Raises:
            StaleClaimError: The claim is no longer held.
        """
        held = self._claims.renew(claim, self._lease_seconds)
        self._held[claim.run_id] = held
        try:
            yield held
        finally:
            self._held.pop(claim.run_id, None)

    def _keep(self) -> None:
        while not self._over.wait(self._lease_seconds / 3):
            for claim in list(self._held.values()):
                self._renew(claim)

    def _renew(self, claim: RunClaim) -> None:
        try:
            self._claims.renew(claim, self._lease_seconds)
        except StaleClaimError:  # its worker has it, or whoever launches it is told
            self._held.pop(claim.run_id, None)
        except RunrackError as error:
            _LOGGER.warning("the lease of run %s could not be renewed: %s", claim.run_id, error)
