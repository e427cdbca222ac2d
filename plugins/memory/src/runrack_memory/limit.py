"""Limits of queries, checked."""

from runrack.errors import InvalidArgumentError


def checked_limit(limit: int | None) -> int | None:
    """Return `limit`, which is 0 or more, or None for no limit.

    Raises:
        InvalidArgumentError: It is negative.
    """
    if limit is not None and limit < 0:
        raise InvalidArgumentError("a limit is 0 or more; leave it out for no limit")
    return limit
