"""The scheduler: makes runs at the times of schedules, and when sensors ask for them."""

from runrack_cron.cron_scheduler import CronScheduler

__all__ = ["CronScheduler"]
