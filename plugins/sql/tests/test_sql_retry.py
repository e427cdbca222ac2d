"""Which calls are made again when the database failed."""

import pytest

from runrack.errors import (
    InvalidArgumentError,
    StorageError,
    StorageFullError,
    StorageOutcomeUnknownError,
    StorageUnavailableError,
)
from runrack_sql.retry import call_with_patience, repeatable, repeatable_if_undone

FOREVER, AT_ONCE = 1e9, 0.0


class Failing:
    """Fails with the errors given, one a call, and then returns what it was called with."""

    def __init__(self, *errors, patience=FOREVER):
        self.errors = list(errors)
        self.patience = patience
        self.calls = 0
        self.database = self

    def call(self, work, *, is_repeatable):
        return call_with_patience(work, lambda: self.patience, is_repeatable=is_repeatable)

    def work(self, value, *, name=""):
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return value, name

    always = repeatable(work)
    if_undone = repeatable_if_undone(work)


def test_a_call_is_made_again_until_it_succeeds():
    """A database that is away for a while is no error; arguments and result pass through."""
    part = Failing(StorageUnavailableError(), StorageUnavailableError())
    assert part.if_undone(1, name="x") == (1, "x")
    assert part.calls == 3


def test_patience_ends():
    """When no time is left, the error of the last call is raised, with the driver's error as its cause."""
    error = StorageUnavailableError("away")
    error.__cause__ = OSError("the driver's")
    part = Failing(error, patience=AT_ONCE)
    with pytest.raises(StorageUnavailableError, match="away") as caught:
        part.always(1)
    assert (part.calls, str(caught.value.__cause__)) == (1, "the driver's")


@pytest.mark.parametrize("error", [StorageFullError(), StorageError(), InvalidArgumentError(), ValueError()])
def test_other_errors_are_raised_at_once(error):
    """What will not pass by itself is not tried again."""
    part = Failing(error)
    with pytest.raises(type(error)):
        part.always(1)
    assert part.calls == 1


def test_a_call_that_may_have_been_carried_out_is_repeated_only_where_that_does_no_harm():
    """After a lost commit a repeatable call is made again, and any other raises."""
    part = Failing(StorageOutcomeUnknownError())
    assert part.always(1) == (1, "")
    part = Failing(StorageOutcomeUnknownError())
    with pytest.raises(StorageOutcomeUnknownError):
        part.if_undone(1)
    assert part.calls == 1


def test_an_outcome_that_was_unknown_once_stays_unknown():
    """A later call that certainly failed does not make the first one undone."""
    part = Failing(StorageOutcomeUnknownError(), StorageUnavailableError())
    patience = iter([FOREVER, AT_ONCE])
    with pytest.raises(StorageOutcomeUnknownError):
        call_with_patience(lambda: part.work(1), lambda: next(patience), is_repeatable=True)
    assert part.calls == 2
