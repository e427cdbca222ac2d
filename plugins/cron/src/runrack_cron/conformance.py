"""How the suite of `runrack.testing` makes the part of this package; `runrack plugins verify cron` runs it."""

from collections.abc import Callable

from typing_extensions import override

from runrack.testing.conformance.scheduler import SchedulerConformance
from runrack.testing.conformance.suite import Ability
from runrack_cron import CronScheduler


class TestCronScheduler(SchedulerConformance):
    """`CronScheduler`."""

    abilities = frozenset({Ability.MAKES_TICKS})
    plugin = "cron"

    @override
    def make_scheduler(self, now: Callable[[], float]) -> CronScheduler:
        return CronScheduler(now=now)
