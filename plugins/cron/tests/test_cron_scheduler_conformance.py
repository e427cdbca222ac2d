"""The cron scheduler keeps to what every scheduler does."""

from runrack.testing.conformance.scheduler import SchedulerConformance
from runrack.testing.conformance.suite import Ability
from runrack_cron import CronScheduler


class TestCronScheduler(SchedulerConformance):
    """CronScheduler."""

    abilities = frozenset({Ability.MAKES_TICKS})

    def make_scheduler(self, now):
        return CronScheduler(now=now)
