"""Every call that writes, killed at every point."""

import pytest

from runrack.testing.crash_sweep import WRITES, sweep
from runrack_mysql import MySQLStorage


@pytest.fixture
def storage(url):
    storage = MySQLStorage(url)
    yield storage
    storage.dispose()


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.name)
def test_a_killed_call_is_carried_out_as_a_whole_or_not_at_all(storage, write):
    """Whatever call of the driver the process dies before or after, no state is in between; and each call has points."""
    found = sweep(storage, write)
    assert found.torn == []
    assert found.points > 4
