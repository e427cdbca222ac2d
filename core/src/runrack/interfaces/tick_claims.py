"""TickClaims: hands out ticks, each to one daemon at a time."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from runrack.records.tick import InstigatorTick, TickData


class TickClaims(ABC):
    """Hands out ticks: any number of daemons may ask at once, and each tick is made by one.

    A claim lasts as long as its lease, measured by the storage's own clock. It ends when the tick gets another status than
    STARTED by `update_tick`; a tick that is still STARTED when its lease has run out waits for another owner.
    """

    @abstractmethod
    def claim_tick(
        self, tick_data: TickData, key: str, owner: str, lease_seconds: float
    ) -> InstigatorTick | None:
        """Store a new tick for its owner and return it; None when one with this key is stored.

        Args:
            tick_data: The tick, in status STARTED.
            key: What makes it the same tick to all daemons, such as the instigator and the moment; at most 128 characters.
            owner: Who works on it: a name that no other process has.
            lease_seconds: How long the claim lasts unless it is renewed; 0 for one that has run out already.

        Raises:
            InvalidArgumentError: The key is empty or too long, the owner is empty, or the lease is negative or more than a
                day.
            StorageOutcomeUnknownError: The tick is stored or not; one that is waits for the end of its lease.
        """

    @abstractmethod
    def renew_tick(self, tick_id: int, owner: str, lease_seconds: float) -> bool:
        """Let the lease run from now, and tell whether the owner still held the tick. Raises as `claim_tick`.

        - One whose lease has run out is still held as long as nobody took it over.
        """

    @abstractmethod
    def list_expired_ticks(self, limit: int = 100) -> Sequence[InstigatorTick]:
        """Return ticks whose lease has run out, longest dead first, at most `limit`.

        Raises:
            InvalidArgumentError: `limit` is negative.
        """

    @abstractmethod
    def take_over_tick(self, tick_id: int, owner: str, lease_seconds: float) -> InstigatorTick | None:
        """Give a tick whose lease has run out to a new owner and return it as stored; None when it is not to be had.

        - Of several who ask at once one gets it. Raises as `claim_tick`.
        """
