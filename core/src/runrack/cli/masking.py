"""Configuration as it may be shown: references as they stand, what looks like a literal secret as `***`.

A secret belongs behind a reference (`{env: NAME}`, `{file: PATH}`), which is shown. One that was written into the file all the
same is recognised by the name of its key, or as the password of a URL.
"""

from __future__ import annotations

import re
from typing import Any

from runrack.config.reference import parse_reference
from runrack.config.secret import MASK, redact

_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)?$|pwd$|secret|token|credential|(api|access|private)_?key", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"(?P<before>[a-zA-Z][\w+.-]*://[^\s/@:]*:)[^\s/@]+(?=@)")


def masked(value: Any, key: str = "") -> Any:
    """Return plain data with everything in it that looks like a secret replaced.

    Args:
        value: Plain data: dict, list, str, int, float, bool, None.
        key: The name under which it stands.
    """
    if parse_reference(value) is not None:
        return _without_default(value) if _SECRET_KEY.search(key) else value
    if isinstance(value, dict):
        return {name: masked(item, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item, key) for item in value]
    if isinstance(value, str | int | float) and not isinstance(value, bool) and _SECRET_KEY.search(key):
        return MASK
    return redact(_URL_PASSWORD.sub(rf"\g<before>{MASK}", value)) if isinstance(value, str) else value


def _without_default(reference: dict[str, Any]) -> dict[str, Any]:
    return {name: MASK if name == "default" else value for name, value in reference.items()}
