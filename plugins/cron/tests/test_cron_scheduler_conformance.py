"""The cron scheduler keeps to what every scheduler does."""

from runrack_cron.conformance import TestCronScheduler

__all__ = ["TestCronScheduler"]
