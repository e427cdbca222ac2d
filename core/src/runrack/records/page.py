"""PaginatedResults: one page of a list, and where the next one continues."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from runrack.records.record import Record

T = TypeVar("T")


class PaginatedResults(Record, Generic[T], frozen=True):
    """A page of results.

    Attributes:
        results: In the order asked for.
        cursor: Where the next page continues.
        has_more: Whether there is one: exact.
    """

    results: Sequence[T]
    cursor: str
    has_more: bool
