"""How many rows are wanted, and how many keys fit into one query."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from runrack.errors import InvalidArgumentError

T = TypeVar("T")

KEYS_PER_QUERY = 500
"""Drivers and databases limit how many values one statement may carry."""


def check_limit(limit: int | None) -> None:
    """Refuse a negative limit; None means no limit.

    Raises:
        InvalidArgumentError: `limit` is negative.
    """
    if limit is not None and limit < 0:
        raise InvalidArgumentError("a limit is 0 or more; leave it out for no limit")


def chunks(keys: Collection[T], size: int = KEYS_PER_QUERY) -> Iterator[Sequence[T]]:
    """Yield `keys` in portions of at most `size`, which fit into one query."""
    rest = iter(keys)
    while portion := list(islice(rest, size)):
        yield portion
