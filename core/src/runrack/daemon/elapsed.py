"""Elapsed: how long runs have been in their states, whatever becomes of the clock."""

from __future__ import annotations

from collections.abc import Collection

from runrack.daemon.clock import Clock
from runrack.records.run import RunRecord
from runrack.records.run_status import RunStatus

Stay = tuple[str, RunStatus, int]
"""A run in a status, under an epoch: it may come back to the status under another one."""


class Elapsed:
    """Tells for how long runs have been in their states at least.

    What is stored are times of day. When somebody sets the clock of a machine, they tell too much or too little: so the
    time that has passed by the steady clock counts as well, since the daemon began and since it saw the run in its state.
    A run is never said to be older than it is; it may be said to be younger, until it was seen for long enough.

    Args:
        clock: Tells the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.now() - clock.steady()
        self._first_seen: dict[Stay, float] = {}

    def seconds(self, record: RunRecord, since: float) -> float:
        """Return for how long a run has been in its status, and note that it was seen there.

        Args:
            record: The run.
            since: When it got there, in seconds since 1970, by the clock of some machine.
        """
        steady = self._clock.steady()
        first_seen = self._first_seen.setdefault(stay_of(record), steady)
        by_the_clock = min(self._clock.now() - since, self._offset + steady - since)
        return max(by_the_clock, steady - first_seen)

    def forget_all_but(self, seen: Collection[Stay]) -> None:
        """Forget the runs that are not where they were any more."""
        self._first_seen = {stay: moment for stay, moment in self._first_seen.items() if stay in seen}


def stay_of(record: RunRecord) -> Stay:
    """Return where a run is."""
    return record.run.run_id, record.run.status, record.epoch
