"""The suite of executors finds out what is wrong."""

from pathlib import Path

from runrack.testing.wrong_implementations import find_rejected


def test_every_wrong_executor_is_rejected(tmp_path):
    """Each executor that is wrong in one point fails the test that is there to find it."""
    found = find_rejected(Path(__file__).with_name("wrong_executors.py"), tmp_path / "report.xml")
    assert [name for name, is_rejected in found.items() if not is_rejected] == []
    assert len(found) == 24
