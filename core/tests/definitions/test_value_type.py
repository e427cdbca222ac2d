"""Which values a declared type accepts."""

from collections.abc import Mapping, Sequence
from typing import Any, Optional, Protocol, TypeVar

import pytest

from runrack.definitions.value_type import accepts, type_name

T = TypeVar("T")


class Readable(Protocol):
    def read(self) -> str: ...


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (int, 1, True),
        (int, True, False),
        (int, "1", False),
        (float, 1, True),
        (float, True, False),
        (str, "x", True),
        (list[int], ["x"], True),
        (list[int], (1,), False),
        (int | None, None, True),
        (Optional[int], "x", False),  # noqa: UP045 - the older spelling is what is tested
        (None, None, True),
        (None, 0, False),
        (Mapping[str, int], {}, True),
        (Sequence[str], {}, False),
        (Any, object(), True),
        (T, 5, True),
        (Readable, 5, True),
        ("unresolved", 5, True),
    ],
)
def test_a_type_accepts_what_can_be_told_at_run_time(annotation, value, expected):
    """Classes, unions and outer classes of generics are checked; what cannot be checked accepts everything."""
    assert accepts(annotation, value) is expected


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [(int, "int"), (None, "None"), (list[int], "list[int]"), (int | None, "int | None"), (Any, "Any")],
)
def test_a_type_is_named_as_it_is_written(annotation, expected):
    """The name is what a reader writes."""
    assert type_name(annotation) == expected
