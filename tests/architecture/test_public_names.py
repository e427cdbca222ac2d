"""Every name that `runrack` offers exists, explains itself and stands in the reference."""

from pathlib import Path

import pytest

import runrack

REFERENCE = Path(__file__).parents[2] / "docs" / "reference.md"


def test_the_public_names_are_sorted_and_unique() -> None:
    """`runrack.__all__` holds each name once, in order."""
    assert list(runrack.__all__) == sorted(set(runrack.__all__))


@pytest.mark.parametrize("name", runrack.__all__)
def test_a_public_name_explains_itself(name: str) -> None:
    """A name of `runrack.__all__` can be imported, and its docstring says what it is for."""
    found = getattr(runrack, name)
    assert name == "__version__" or found.__doc__


def test_every_public_name_stands_in_the_reference() -> None:
    """The reference page shows every public name, by itself or with the module that defines it."""
    reference = set(REFERENCE.read_text().splitlines())
    missing = [
        f"{module}.{name}"
        for name, module in sorted(runrack._MODULE_OF.items())
        if reference.isdisjoint({f"::: {module}.{name}", f"::: {module}"})
    ]
    assert missing == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A lazily loaded package behaves like any module when it is asked for what it has not."""
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = runrack.no_such_name
