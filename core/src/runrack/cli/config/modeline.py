"""The comment at the top of a YAML file that tells an editor's YAML language server where the file's JSON Schema lies."""

from __future__ import annotations

import re

_MODELINE = re.compile(rb"^[ \t]*#[ \t]*yaml-language-server[ \t]*:[^\r\n]*", re.MULTILINE)
_LEADING_COMMENTS = re.compile(rb"(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|\Z))*")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def with_modeline(content: bytes, schema: str) -> bytes:
    """Return the content of a YAML file with a modeline that names a schema; all else stays byte for byte.

    - A modeline among the comments that the file begins with is replaced where it stands.
    - Otherwise there is a new first line, which ends as the file's own first line does.

    Args:
        content: The file.
        schema: Where the schema lies, as seen from the file: a relative path or a URL.
    """
    modeline = f"# yaml-language-server: $schema={schema}".encode()
    leading = _LEADING_COMMENTS.match(content.removeprefix(_BYTE_ORDER_MARK))
    head = leading.group() if leading is not None else b""
    mark = _BYTE_ORDER_MARK if content.startswith(_BYTE_ORDER_MARK) else b""
    rest = content[len(mark) + len(head) :]
    if _MODELINE.search(head):
        return mark + _MODELINE.sub(lambda _: modeline, head, count=1) + rest
    return mark + modeline + _line_break(content) + head + rest


def _line_break(content: bytes) -> bytes:
    first = re.search(rb"\r\n|\n|\r", content)
    return first.group() if first is not None else b"\n"
