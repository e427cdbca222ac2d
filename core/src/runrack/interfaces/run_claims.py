"""RunClaims: hands out the right to work on a run, to one owner at a time."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from runrack.records.run_claim import RunClaim
from runrack.records.run_status import RunStatus


class RunClaims(ABC):
    """Hands out runs. A claim lasts as long as its lease, which the owner renews.

    The epoch of a run grows whenever the run is taken from somebody or given to somebody else by `claim`. Who writes
    events with the epoch of his claim (`Storage.store_events`) can no longer change a run that another has taken: his
    events are kept as late.

    Leases are measured by one clock, the storage's own, whatever the clocks of the owners say. When a run ends, its
    claim ends in the same step.
    """

    @abstractmethod
    def claim(
        self,
        owner: str,
        lease_seconds: float,
        limit: int = 1,
        run_ids: Sequence[str] | None = None,
        status: RunStatus = RunStatus.QUEUED,
    ) -> Sequence[RunClaim]:
        """Take runs that nobody holds, and return the claims on them in the order of turns.

        - Takes runs in `status` without an owner, or whose lease has run out; at most `limit`.
        - Their turn: by priority, highest first (`runrack.records.tags.PRIORITY`), then by insertion. With `run_ids`
          only those, in the order given.
        - Raises the epoch, sets owner and lease; the status stays. All in one atomic step.
        - Without `run_ids`, never waits for a run that another changes at this moment: it is passed over, so there may
          be fewer than there are free runs. With `run_ids` it waits, as any change of the run does: a named run that is
          free is never left out because somebody has just written its tags.
        - With `lease_seconds` 0 the lease has run out already.

        Raises:
            InvalidArgumentError: `owner` is empty, `lease_seconds` is negative or more than a day, `limit` is negative,
                or `status` is a finished one.
            StorageOutcomeUnknownError: The runs are taken or not; those that are come back when the lease runs out.
        """

    @abstractmethod
    def renew(self, claim: RunClaim, lease_seconds: float, owner: str | None = None) -> RunClaim:
        """Let the lease run from now, and return the claim as it is then.

        - With `owner` the claim is handed over under the same epoch: from a daemon to the worker that it started. The
          claim of the one who handed it over is stale from then on.

        Raises:
            StaleClaimError: The run has ended or is gone, the lease has run out, or another holds the run.
            InvalidArgumentError: As for `claim`.
        """

    @abstractmethod
    def release(self, claim: RunClaim) -> bool:
        """Give the run back, so that another can claim it at once, and tell whether the claim was still held.

        - A claim whose lease has run out is still held as long as nobody took the run.
        - Status and epoch stay. A stale claim changes nothing.
        """

    @abstractmethod
    def expire(self, limit: int = 100) -> Sequence[RunClaim]:
        """Take runs from owners whose lease has run out, and return the claims that they had, longest dead first.

        - Whatever the status, unless it is a finished one; at most `limit`.
        - Clears owner and lease and raises the epoch: what the old owner still writes comes late. The status stays.
        - Each claim is returned to one caller only, however many call at once.

        Raises:
            InvalidArgumentError: `limit` is negative.
            StorageOutcomeUnknownError: The runs are taken or not; nobody holds those that are.
        """
