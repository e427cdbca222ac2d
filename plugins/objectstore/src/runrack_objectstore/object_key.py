"""What may be a key below a prefix."""

import re

from runrack.errors import InvalidArgumentError

MAX_PREFIX_BYTES = 800
"""So that a key, which has at most 1,024 bytes, also holds a name and its extension."""

_CONTROL_OR_SURROGATE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def clean_prefix(prefix: str) -> str:
    """Return a prefix without slashes around it; the empty one stands for the whole bucket.

    Raises:
        InvalidArgumentError: It is too long, or one of its names is empty, `.` or `..`, or holds a control character.
    """
    cleaned = prefix.strip("/")
    if cleaned and (not has_safe_names(cleaned) or len(cleaned.encode()) > MAX_PREFIX_BYTES):
        raise InvalidArgumentError(
            f"prefix is at most {MAX_PREFIX_BYTES} bytes of names with a slash between them;"
            " none is empty, `.` or `..`, or holds a control character"
        )
    return cleaned


def lies_below(key: str, prefix: str) -> bool:
    """Tell whether a key is one that no client and no server on the way takes for one outside of a cleaned prefix."""
    return has_safe_names(key) and (not prefix or key.startswith(f"{prefix}/"))


def has_safe_names(key: str) -> bool:
    """Tell whether each name between the slashes of a key is just a name."""
    return not _CONTROL_OR_SURROGATE.search(key) and all(
        name not in {"", ".", ".."} for name in key.split("/")
    )
