"""The suites for compute log managers and file managers find out what is wrong."""

from pathlib import Path

from runrack.testing.wrong_implementations import find_accepted

WRONG = Path(__file__).with_name("wrong_log_and_file_managers.py")


def test_every_wrong_manager_is_rejected(tmp_path):
    """Each manager that is wrong in one point fails the test that is there to find it."""
    assert find_accepted(WRONG, tmp_path) == []
