"""The suite of schedulers finds out what is wrong."""

from pathlib import Path

from runrack.testing.wrong_implementations import find_accepted


def test_every_wrong_scheduler_is_rejected(tmp_path):
    """Each scheduler that is wrong in one point fails the test that is there to find it."""
    assert find_accepted(Path(__file__).with_name("wrong_schedulers.py"), tmp_path) == []
