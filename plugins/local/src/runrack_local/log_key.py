"""Checks of what every compute log manager is asked with."""

from runrack.errors import InvalidArgumentError
from runrack.interfaces.compute_log_manager import LogKey


def checked_log_key(log_key: LogKey) -> tuple[str, ...]:
    """Return the key as a tuple.

    Raises:
        InvalidArgumentError: It is no sequence of strings, or empty.
    """
    key = checked_prefix(log_key)
    if not key:
        raise InvalidArgumentError("a log key has at least one part")
    return key


def checked_prefix(prefix: LogKey) -> tuple[str, ...]:
    """Return the beginning of a key as a tuple; the empty one is the beginning of all.

    Raises:
        InvalidArgumentError: It is no sequence of strings.
    """
    if isinstance(prefix, str) or not all(isinstance(part, str) for part in prefix):
        raise InvalidArgumentError(
            "a log key is a sequence of strings, such as (run_id, 'compute_logs', step_key)"
        )
    return tuple(prefix)


def check_range(offset: int, max_bytes: int | None) -> None:
    """Check from where and how much is to be read.

    Raises:
        InvalidArgumentError: One of the two is negative.
    """
    if offset < 0 or (max_bytes is not None and max_bytes < 0):
        raise InvalidArgumentError("offset and max_bytes of a log are zero or more")


def check_deletion(log_key: LogKey | None, prefix: LogKey | None) -> None:
    """Check what is to be deleted.

    Raises:
        InvalidArgumentError: Neither is given, or both are.
    """
    if (log_key is None) == (prefix is None):
        raise InvalidArgumentError("say which logs to delete: pass either log_key or prefix")
