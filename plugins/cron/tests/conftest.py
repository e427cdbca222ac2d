"""The house of schedulers, with the cron scheduler in it."""

import pytest

from runrack.testing.scheduling import scheduling_house
from runrack_cron import CronScheduler


@pytest.fixture
def house(tmp_path):
    with scheduling_house(lambda now: CronScheduler(now=now), tmp_path) as house:
        yield house
