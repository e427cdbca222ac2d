"""TickLease: keeps the claim on a tick while it is worked on."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from runrack.errors import StorageError
from runrack.interfaces.tick_claims import TickClaims

_LOGGER = logging.getLogger("runrack.cron")


class TickLease:
    """Renews the lease of a tick in a thread, inside a `with` statement.

    Args:
        claims: Who has given it.
        tick_id: The tick.
        owner: Who holds it.
        lease_seconds: How long it lasts each time.
    """

    def __init__(self, claims: TickClaims, tick_id: int, owner: str, lease_seconds: float) -> None:
        self._claims = claims
        self._tick_id = tick_id
        self._owner = owner
        self._lease_seconds = lease_seconds
        self._is_done = threading.Event()
        self.is_lost = False
        self._thread = threading.Thread(target=self._renew, name=f"lease of tick {tick_id}", daemon=True)

    def __enter__(self) -> TickLease:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_done.set()
        self._thread.join()

    def is_held(self) -> bool:
        """Tell whether the tick is still this owner's, renewing the lease."""
        if not self.is_lost:
            self.is_lost = not self._claims.renew_tick(self._tick_id, self._owner, self._lease_seconds)
        return not self.is_lost

    def _renew(self) -> None:
        while not self._is_done.wait(self._lease_seconds / 3):
            try:
                if not self.is_held():
                    return
            except StorageError:
                _LOGGER.warning("the lease of tick %s could not be renewed", self._tick_id, exc_info=True)
