"""RunClaim: who works on a run, and until when unless it says again that it does."""

from datetime import datetime

from runrack.errors import InvalidArgumentError
from runrack.records.record import Record

MAX_LEASE_SECONDS = 86_400.0
"""The longest lease: a day. A lease is renewed while its owner lives; a long one hides for as long that it died."""


class RunClaim(Record, frozen=True):
    """The right to work on a run. It is lost when the lease runs out, or another takes the run.

    Attributes:
        run_id: Which run.
        epoch: Which claim on it this is; what the owner writes carries this number, so that it is told from what an
            earlier owner writes.
        owner: Who holds it: a name that no other process has.
        expires: When the lease runs out by the storage's clock; aware, in UTC.
    """

    run_id: str
    epoch: int
    owner: str
    expires: datetime


def check_lease(owner: str, lease_seconds: float) -> None:
    """Refuse an owner without a name and a lease that is negative or longer than `MAX_LEASE_SECONDS`.

    Raises:
        InvalidArgumentError: One of them is wrong.
    """
    if not isinstance(owner, str) or not owner:
        raise InvalidArgumentError("the owner of a claim is a string that is not empty")
    if not 0 <= lease_seconds <= MAX_LEASE_SECONDS:
        raise InvalidArgumentError(
            f"a lease lasts between 0 and {MAX_LEASE_SECONDS:.0f} seconds: renew it while the work goes on"
        )
