"""Calls that are made again when the database failed, and which of them may be."""

import functools
import random
import time
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from runrack.errors import StorageOutcomeUnknownError, StorageUnavailableError

P = ParamSpec("P")
T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0


class Caller(Protocol):
    """A database, as far as the decorators know it."""

    def call(self, work: Callable[[], T], *, is_repeatable: bool) -> T:
        """As `Database.call`."""
        ...


class HasDatabase(Protocol):
    """What has methods to be decorated."""

    @property
    def database(self) -> Caller:
        """Where the methods do their work."""
        ...


PartT = TypeVar("PartT", bound=HasDatabase)


def repeatable(method: Callable[Concatenate[PartT, P], T]) -> Callable[Concatenate[PartT, P], T]:
    """Let a method be called again when the database failed: one that does the same however often it is called."""

    @functools.wraps(method)
    def call(self: PartT, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.database.call(lambda: method(self, *args, **kwargs), is_repeatable=True)

    return call


def repeatable_if_undone(method: Callable[Concatenate[PartT, P], T]) -> Callable[Concatenate[PartT, P], T]:
    """Let a method be called again when the database failed, unless the failed call may have been carried out."""

    @functools.wraps(method)
    def call(self: PartT, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.database.call(lambda: method(self, *args, **kwargs), is_repeatable=False)

    return call


def call_with_patience(
    work: Callable[[], T], patience_seconds: Callable[[], float], *, is_repeatable: bool
) -> T:
    """Return what `work` returns, called again with growing pauses while the database cannot be used.

    Args:
        work: What to call.
        patience_seconds: Tells, when a call has failed, how long after the first call another may still be made.
        is_repeatable: Whether `work` may be called again when nobody knows if the failed call was carried out.

    Raises:
        StorageOutcomeUnknownError: Some call may have been carried out, and no later one succeeded.
        StorageUnavailableError: No call was carried out.
    """
    began = time.monotonic()
    pause = FIRST_PAUSE_SECONDS
    unknown: StorageOutcomeUnknownError | None = None
    while True:
        try:
            return work()
        except (StorageOutcomeUnknownError, StorageUnavailableError) as error:
            if isinstance(error, StorageOutcomeUnknownError):
                unknown = error
            is_late = time.monotonic() + pause > began + patience_seconds()
            if is_late or (unknown and not is_repeatable):
                raise (unknown or error) from error.__cause__
        # At random, so that those who failed together do not come back together.
        time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret depends on it
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
