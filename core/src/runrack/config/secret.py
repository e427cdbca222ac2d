"""Values that must not be seen: a type that does not print them, and their removal from text.

What is redacted is the value itself, wherever it turns up: by name alone one misses the password inside a URL.
"""

from __future__ import annotations

import re
import threading

from typing_extensions import override

MASK = "***"
"""What stands in the place of a secret."""

_SHORTEST = 4  # shorter values occur in ordinary text everywhere
_SHORTEST_FRAGMENT = 8  # the same, for what is only a part of a secret
_LOGIN_IN_URL = r"(?P<before>[a-zA-Z][\w+.-]*:/{1,2}[^\s/@:]*:)(?P<password>[^\s/@]+)(?=@)"
_URL_SAFE = str.maketrans("+/", "-_")

_lock = threading.Lock()
_forms: set[str] = set()
_pattern: re.Pattern[str] | None = None


class Secret(str):
    """A text whose repr is `***`; everywhere else it is the text itself, so that drivers can use it."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        return MASK


def register_secret(value: str) -> None:
    """Makes `redact` replace this value from now on; a value of fewer than 4 characters is left alone."""
    global _pattern  # noqa: PLW0603 - secrets are known to the process, not to one instance in it
    text = str(value)
    if len(text) < _SHORTEST or text in _forms:
        return
    with _lock:
        _forms.update(_forms_of(text))
        _pattern = None


def register_url_password(text: str) -> None:
    """Registers the password in a URL; of any other text nothing."""
    if ":/" in text:
        for password in _passwords_of_url(text):
            register_secret(password)


def forget_secrets() -> None:
    """Forgets every registered secret: for tests, which share one process."""
    global _pattern  # noqa: PLW0603 - as in register_secret
    with _lock:
        _forms.clear()
        _pattern = None


def redact(text: str) -> str:
    """The text with every registered secret replaced by `***`.

    - Found are a secret as it is, URL-quoted, escaped as in JSON or in a Python repr, and in base64, there also as a part of
      a longer text (`user:password` in an HTTP header).
    - Of a secret with several lines, such as a private key, each line is found too; of a URL, the password alone.
    """
    return _current_pattern().sub(MASK, text) if _forms else text


def mask_url_passwords(text: str) -> str:
    """The text with the password of every URL in it replaced by `***`, also of one that nobody has registered."""
    return re.sub(_LOGIN_IN_URL, rf"\g<before>{MASK}", text)


def has_secrets() -> bool:
    """Whether any secret is registered."""
    return bool(_forms)


def _current_pattern() -> re.Pattern[str]:
    global _pattern  # noqa: PLW0603 - as in register_secret
    with _lock:
        if _pattern is None:
            longest_first = sorted(_forms, key=len, reverse=True)
            _pattern = re.compile("|".join(map(re.escape, longest_first)))
        return _pattern


def _forms_of(text: str) -> set[str]:
    forms = _written_forms(text) | _base64_forms(text)
    for password in _passwords_of_url(text):
        forms |= _written_forms(password) | _base64_forms(password)
    for line in text.splitlines():
        if len(line) >= _SHORTEST_FRAGMENT:
            forms |= _written_forms(line)
    return forms


def _passwords_of_url(text: str) -> list[str]:
    """The password of a URL as it is written there and as it is meant; none of any other text."""
    from urllib.parse import unquote

    match = re.match(_LOGIN_IN_URL, text)
    found = {match["password"], unquote(match["password"])} if match is not None else set()
    return [password for password in found if len(password) >= _SHORTEST]


def _written_forms(text: str) -> set[str]:
    from json import dumps
    from urllib.parse import quote, quote_plus

    encodable = text.encode("utf-8", "surrogateescape")
    quoted = {quote(encodable), quote(encodable, safe=""), quote_plus(encodable)}
    escaped = {text, repr(text)[1:-1], repr(f"{text}\"'")[1:-4]}
    # JSON within JSON: an event is kept as JSON, and its message may quote some
    for _ in range(2):
        escaped |= {
            dumps(form, ensure_ascii=is_ascii)[1:-1] for form in escaped for is_ascii in (True, False)
        }
    return escaped | quoted | {_lower_escapes(form) for form in quoted}


def _lower_escapes(quoted: str) -> str:
    """The URL-quoted text with `%2f` in place of `%2F`."""
    return re.sub("%[0-9A-F]{2}", lambda escape: escape.group().lower(), quoted)


def _base64_forms(text: str) -> set[str]:
    from base64 import b64encode

    data = text.encode("utf-8", "surrogateescape")
    standard = {b64encode(data).decode()} | {part for shift in range(3) for part in _base64_part(data, shift)}
    unpadded = {form.rstrip("=") for form in standard}
    return {url_safe for form in standard | unpadded for url_safe in (form, form.translate(_URL_SAFE))}


def _base64_part(data: bytes, shift: int) -> list[str]:
    """What base64 shows of the data when `shift` bytes (modulo 3) precede it: only the digits that it alone decides."""
    from base64 import b64encode

    digits = b64encode(bytes(shift) + data).decode()
    first = -(-shift * 8 // 6)
    last = (shift + len(data)) * 8 // 6
    part = digits[first:last]
    return [part] if len(part) >= _SHORTEST_FRAGMENT else []
