"""RetryPolicy: how often and after how long a step that failed is tried again."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from runrack.errors import InvalidArgumentError, InvalidDefinitionError, UserCodeError, with_article


class Backoff(StrEnum):
    """How the delay grows from one retry to the next."""

    LINEAR = "linear"
    """Twice the delay before the second retry, three times before the third."""
    EXPONENTIAL = "exponential"
    """Three times the delay before the second retry, seven times before the third: 2ⁿ - 1."""


class Jitter(StrEnum):
    """How the delay is spread, so that steps which failed together are not tried again together."""

    FULL = "full"
    """Anything between none and the whole delay."""
    PLUS_MINUS = "plus_minus"
    """The delay, up to as much more or less."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often and after how long a step that failed is tried again.

    Attributes:
        max_retries: How often at most, after the first time.
        delay: Seconds before the first retry; none when left out.
        backoff: How the delay grows; by default it stays the same.
        jitter: How the delay is spread; by default it is not.
    """

    max_retries: int = 1
    delay: float | None = None
    backoff: Backoff | None = None
    jitter: Jitter | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.max_retries, int) or self.max_retries < 0:
            raise InvalidArgumentError("max_retries of a RetryPolicy is a number of times, 0 or more")
        if self.delay is not None and (not math.isfinite(self.delay) or self.delay < 0):
            raise InvalidArgumentError("delay of a RetryPolicy is a number of seconds, 0 or more")
        if self.delay is None and (self.backoff is not None or self.jitter is not None):
            raise InvalidArgumentError(
                "a RetryPolicy with backoff or jitter needs a delay that they can change"
            )
        if self.backoff is not None:
            object.__setattr__(self, "backoff", Backoff(self.backoff))
        if self.jitter is not None:
            object.__setattr__(self, "jitter", Jitter(self.jitter))

    def seconds_before(self, retry: int, chance: Callable[[], float] = random.random) -> float:
        """Return the seconds to wait before a retry.

        Args:
            retry: Which one: 1 for the first.
            chance: Gives numbers from 0 up to 1.
        """
        delay = self.delay or 0.0
        if self.backoff is Backoff.LINEAR:
            delay *= retry
        elif self.backoff is Backoff.EXPONENTIAL:
            delay *= 2.0**retry - 1
        if self.jitter is Jitter.FULL:
            return delay * chance()
        if self.jitter is Jitter.PLUS_MINUS:
            return max(0.0, delay + (2 * chance() - 1) * (self.delay or 0.0))
        return delay


class RetryRequested(UserCodeError):  # noqa: N818 - the author's word, as in `raise RetryRequested(…)`
    """Has the step tried again when the op raises it, whatever its retry policy says.

    Args:
        max_retries: How often at most; once that is used up, the step fails.
        seconds_to_wait: How long to wait before the next try.
    """

    def __init__(self, max_retries: int = 1, seconds_to_wait: float = 0.0) -> None:
        super().__init__("the op asks to be tried again")
        self.max_retries = max_retries
        self.seconds_to_wait = seconds_to_wait


def check_retry_policy(owner: str, retry_policy: object) -> RetryPolicy | None:
    """Return a retry policy.

    Raises:
        InvalidDefinitionError: It is none.
    """
    if retry_policy is None or isinstance(retry_policy, RetryPolicy):
        return retry_policy
    raise InvalidDefinitionError(
        f"retry_policy of {owner} is {with_article(type(retry_policy).__name__)}: give RetryPolicy(max_retries=…)"
    )
