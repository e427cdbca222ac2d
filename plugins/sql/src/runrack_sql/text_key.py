"""Texts of any length as keys: a digest to find one by, a head to sort and search by."""

import hashlib

from sqlalchemy import ColumnElement, and_

from runrack_sql.column_type import DIGEST_LENGTH, HEAD_LENGTH

_LAST = "\U0010ffff"
_BEFORE_SURROGATES, _AFTER_SURROGATES = "\ud7ff", "\ue000"


def digest(text: str) -> str:
    """Return what stands for `text` in a unique index: 40 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def head(text: str) -> str:
    """Return the leading characters of `text`. Two heads compare as the texts do, unless they are equal."""
    return text[:HEAD_LENGTH]


def starts_with(
    head_column: ColumnElement[str], text_column: ColumnElement[str], prefix: str
) -> ColumnElement[bool]:
    """Return the condition that a text starts with `prefix`: nothing but comparisons, so no character is special.

    The condition on the head is implied by the one on the text; it is what an index can answer.
    """
    conditions = [head_column >= head(prefix), text_column >= prefix]
    end = _end_of(prefix)
    if end is not None:
        conditions += [head_column <= head(end), text_column < end]
    return and_(*conditions)


def _end_of(prefix: str) -> str | None:
    """Return the smallest text after all that start with `prefix`; None when every later text does."""
    rest = prefix.rstrip(_LAST)
    if not rest:
        return None
    last = rest[-1]
    return rest[:-1] + (_AFTER_SURROGATES if last == _BEFORE_SURROGATES else chr(ord(last) + 1))
