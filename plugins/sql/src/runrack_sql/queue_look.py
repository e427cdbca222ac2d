"""QueueLook: what one look at a queue has found out, so that the next does not look at all of it again."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from runrack.records.run_queue import QueueGate

MOST_SECONDS = 30.0
"""How long at most a queue of which nothing may go is not looked at as a whole."""

_SHARE = 20
"""Of the time of whoever looks again and again, looks at the whole queue take about one part in so many."""

SLACK_US = 2_000_000
"""By how much the clocks of those who change runs may differ, with the length of a transaction."""


@dataclass(frozen=True)
class QueueLook:
    """A look at a whole queue after which it was known that nobody there may go.

    It holds as long as all the tags are still full that were full then: only a run that was changed since may go. It
    becomes old all the same, after twenty times as long as it took: a clock that is far behind may have told of a change.

    Attributes:
        full: The keys and tags of which there were as many as may be.
        began_us: When the look began, by the clock of the database, in microseconds since 1970.
        ends: Until when it holds, by `clock`.
        clock: Tells the time in seconds, from any moment on.
    """

    full: frozenset[str | tuple[str, str]]
    began_us: int
    ends: float
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def of(
        cls, gate: QueueGate, began_us: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> "QueueLook":
        """Return what a look that took `seconds` has found out when it found nobody whom `gate` lets go."""
        return cls(find_full(gate), began_us, clock() + min(MOST_SECONDS, _SHARE * seconds), clock)

    def holds(self, gate: QueueGate) -> bool:
        """Tell whether still nobody may go who has not been changed since."""
        return self.clock() < self.ends and self.full <= find_full(gate)


def find_full(gate: QueueGate) -> frozenset[str | tuple[str, str]]:
    """Return the keys and the tags that no run may carry that `gate` lets go."""
    return frozenset(chain(gate.iter_full_keys(), gate.iter_full_tags()))
