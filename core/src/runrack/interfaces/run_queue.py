"""RunQueue: hands out queued runs under limits."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

from runrack.records.run import RunRecord
from runrack.records.run_claim import RunClaim
from runrack.records.run_queue import QueueLimits, RunsInProgress


class RunQueue(ABC):
    """Hands out queued runs, as many as limits allow, to any number of daemons.

    A run counts as in progress when it is STARTING, STARTED or CANCELING, and when it is QUEUED and claimed: from the
    claim on, so that there is no moment at which two daemons give away the same place.
    """

    @abstractmethod
    def claim_next(
        self, owner: str, lease_seconds: float, limits: QueueLimits, limit: int = 1
    ) -> Sequence[RunClaim]:
        """Take queued runs whose turn it is, as `RunClaims.claim` does, and return the claims in the order of turns.

        - At most `limit`, and no more than `limits` allow: after it, and at every moment, they hold for the runs in
          progress, however many call at once with the same limits.
        - A run that a tag limit keeps waiting is passed over; those behind it have their turn.
        - A claim on a queued run whose lease has run out counts no more: its epoch is raised, so that its owner comes
          late, and the run has its turn again.
        - What it costs does not depend on how many runs wait behind those that are taken.

        Raises:
            InvalidArgumentError: `owner` is empty, `lease_seconds` is negative or more than a day, or `limit` is
                negative.
            StorageOutcomeUnknownError: The runs are taken or not; those that are come back when the lease runs out.
        """

    @abstractmethod
    def count_in_progress(self, tag_keys: Collection[str] = ()) -> RunsInProgress:
        """Return how many runs are in progress, in all and for each value of the tags with these keys."""

    @abstractmethod
    def list_queued(self, limit: int = 100) -> Sequence[RunRecord]:
        """Return the queued runs that come first, in the order of turns, claimed ones included.

        Raises:
            InvalidArgumentError: `limit` is negative.
        """
