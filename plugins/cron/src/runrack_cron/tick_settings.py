"""TickSettings: how ticks are worked on."""

from __future__ import annotations

import time
from collections.abc import Callable

from runrack.records.record import Record


class TickSettings(Record, frozen=True, kw_only=True):
    """How ticks are worked on.

    Attributes:
        max_retries: How often a tick whose function raises is tried again.
        timeout_seconds: How long the function of a schedule or sensor may take.
        lease_seconds: How long the claim on a tick lasts after the last sign of life.
        workers: How many ticks are worked on at the same time.
        get_logs_path: Gives the log file of an instigator by its origin id.
        now: Gives the time, in seconds since 1970.
    """

    max_retries: int
    timeout_seconds: float
    lease_seconds: float
    workers: int
    get_logs_path: Callable[[str], str]
    now: Callable[[], float] = time.time
