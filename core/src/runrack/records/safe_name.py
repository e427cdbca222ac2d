"""Safe names: any text as one component of a path or of an object's key, and back.

Names are data: a run id, a log key or a partition may hold anything. As a safe name it holds only `a-z`, `0-9`, `_`, `-`
and `~`, so that it

- leads nowhere: there is no slash of either kind, no NUL, no dot, and no leading `-`;
- meets no other: two texts that differ only in case or in Unicode normalisation have names that differ in more, so they stay
  two also on a file system that ignores either;
- fits: it has at most 200 bytes, and leaves room for a suffix;
- leaves the dot free: `name + ".out"` is never another text's safe name.

Every other byte of the text's UTF-8 form is written as `~` and two hexadecimal digits. `%` is not used for that, because
something on the way might decode it.
"""

import hashlib
import re

from runrack.errors import InvalidArgumentError

MAX_NAME_BYTES = 200

_EMPTY = "~"
_DIGEST_MARK = "~~"
_DIGEST_LENGTH = 64
_HEAD_LENGTH = MAX_NAME_BYTES - len(_DIGEST_MARK) - _DIGEST_LENGTH

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_-")
_WRITTEN = [chr(byte) if byte in _PLAIN else f"~{byte:02x}" for byte in range(256)]
_ORDINARY = re.compile(r"[a-z0-9_][a-z0-9_-]*")
_RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
_ESCAPE = re.compile(rb"~([0-9a-f]{2})")


def to_safe_name(text: str) -> str:
    """Return the safe name of `text`: the text itself where it is safe already.

    - Different texts have different names.
    - A name that would be too long ends in the text's SHA-256 instead; what it stands for cannot be read back.

    Raises:
        InvalidArgumentError: `text` is not a string.
    """
    if not isinstance(text, str):
        raise InvalidArgumentError(f"a name is made of a string, not of {type(text).__name__}")
    # Code that has no character (a lone surrogate, from a file name that is no UTF-8) keeps its own bytes.
    encoded = text.encode("utf-8", "surrogatepass")
    name = _write(text, encoded)
    if len(name) <= MAX_NAME_BYTES:
        return name
    return name[:_HEAD_LENGTH] + _DIGEST_MARK + hashlib.sha256(encoded).hexdigest()


def from_safe_name(name: str) -> str | None:
    """Return the text that has this safe name, or None when the name holds only its digest.

    Raises:
        InvalidArgumentError: This is the safe name of no text.
    """
    if _DIGEST_MARK in name:
        return None
    encoded = _ESCAPE.sub(
        lambda escape: bytes.fromhex(escape[1].decode()), name.encode("utf-8", "surrogatepass")
    )
    try:
        text = "" if name == _EMPTY else encoded.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = None
    if text is None or to_safe_name(text) != name:
        raise InvalidArgumentError("this is no safe name: it was not made by to_safe_name")
    return text


def is_safe_name(name: str) -> bool:
    """Whether this is the safe name of some text."""
    if _DIGEST_MARK in name:
        return len(name) == MAX_NAME_BYTES
    try:
        from_safe_name(name)
    except InvalidArgumentError:
        return False
    return True


def _write(text: str, encoded: bytes) -> str:
    if _ORDINARY.fullmatch(text) and not _RESERVED.fullmatch(text):
        return text
    name = "".join([_WRITTEN[byte] for byte in encoded])
    if name.startswith("-") or _RESERVED.fullmatch(name):
        # Some systems give these names, with any suffix, to devices; and `-` would start an option of a command.
        return f"~{encoded[0]:02x}{name[1:]}"
    return name or _EMPTY
