"""What counts as the rejection of a wrong implementation."""

import pytest

from runrack.testing.wrong_implementations import find_accepted

FILE = """
import pytest


class Suite:
    number = 1

    @pytest.fixture
    def half(self):
        return 2 / self.number

    def test_small(self, half):
        assert half < 2

    @pytest.mark.parametrize("factor", [1, 2])
    def test_product(self, factor):
        assert self.number * factor != 6

    def test_other(self):
        raise AssertionError


class WrongAndFound(Suite):
    rejected_by = "test_small"


class WrongForOneArgument(Suite):
    number = 3
    rejected_by = "test_product"


class WrongAndMissed(Suite):
    number = 2
    rejected_by = "test_small"


class WrongInItsFixture(Suite):
    number = 0
    rejected_by = "test_small"
"""


def test_only_a_failure_of_the_named_test_counts(tmp_path):
    """A test that passes has missed what is wrong; so has one whose fixture breaks, as it was not executed."""
    file = tmp_path / "wrong.py"
    file.write_text(FILE)
    assert find_accepted(file, tmp_path) == ["WrongAndMissed", "WrongInItsFixture"]


def test_a_test_that_is_not_there_is_no_rejection(tmp_path):
    """A name that no test has is an error, and so is a file without wrong implementations."""
    file = tmp_path / "wrong.py"
    file.write_text("class WrongName:\n    rejected_by = 'test_nothing'\n")
    with pytest.raises(AssertionError, match="test_nothing"):
        find_accepted(file, tmp_path)
    file.write_text("class Suite:\n    rejected_by = 'test_nothing'\n")
    with pytest.raises(AssertionError, match="holds no class"):
        find_accepted(file, tmp_path)
