"""Which names a selection selects."""

import pytest

from runrack.definitions.selection import select
from runrack.errors import InvalidArgumentError

UPSTREAM = {"a": [], "b": ["a"], "g.c": ["b"], "g.d": ["b"], "e": ["g.c", "g.d"], "alone": []}


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        ("b", ["b"]),
        ("*", ["a", "b", "g.c", "g.d", "e", "alone"]),
        ("b*", ["b", "g.c", "g.d", "e"]),
        ("*b", ["a", "b"]),
        ("b+", ["b", "g.c", "g.d"]),
        ("b++", ["b", "g.c", "g.d", "e"]),
        ("++e", ["b", "g.c", "g.d", "e"]),
        ("+b+", ["a", "b", "g.c", "g.d"]),
        ("*g.c+", ["a", "b", "g.c", "e"]),
        ("g", ["g.c", "g.d"]),
        ("g+", ["g.c", "g.d", "e"]),
        ("alone, a", ["a", "alone"]),
        (["alone", "+b"], ["a", "b", "alone"]),
        ([], []),
    ],
)
def test_names_are_selected_by_what_they_need(selection, names):
    """A star reaches everything on its side, each plus one step; the order is that of what there is."""
    assert select(UPSTREAM, selection, "op") == names


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("bb", "there is no op 'bb' to select; did you mean 'b'"),
        ("a*b", r"the selection 'a\*b' cannot be read"),
        ("*+a", "cannot be read"),
        ([1], "a text, or a list of texts"),
    ],
)
def test_what_selects_nothing_is_refused(selection, message):
    """A name that is not there and a text that cannot be read are errors."""
    with pytest.raises(InvalidArgumentError, match=message):
        select(UPSTREAM, selection, "op")
