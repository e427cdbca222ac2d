"""The suites for artifact storages and IO managers find out what is wrong."""

from pathlib import Path

from runrack.testing.wrong_implementations import find_accepted


def test_every_wrong_part_is_rejected(tmp_path):
    """Each part that is wrong in one point fails the test that is there to find it."""
    assert find_accepted(Path(__file__).with_name("wrong_artifacts_and_values.py"), tmp_path) == []
