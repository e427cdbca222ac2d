"""Text from elsewhere, made safe to show: run ids, tags, messages and captured output may hold anything."""

from __future__ import annotations

import re

_CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff"
_CONTROL = re.compile(f"[{_CONTROLS}]")
_CONTROL_OR_BREAK = re.compile(f"[\t\n{_CONTROLS}]")


def escape(text: str) -> str:
    """Return the text with everything but tabs and line breaks that steers a terminal, or its reader, written out.

    That is: the control characters C0 and C1, what changes the direction of text, and what is no character at all.
    """
    return _CONTROL.sub(_written_out, text)


def escape_line(text: str) -> str:
    """Return the text as `escape` does, tabs and line breaks written out as well: it stays one line."""
    return _CONTROL_OR_BREAK.sub(_written_out, text)


def indent_after_first(text: str, width: int) -> str:
    """Return the text, escaped, with every line but the first indented, so that none can be taken for a new entry."""
    return escape(text).rstrip("\n").replace("\n", "\n" + " " * width)


def _written_out(match: re.Match[str]) -> str:
    return ascii(match[0])[1:-1]
