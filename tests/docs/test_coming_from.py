"""The page for people who come from elsewhere names what exists."""

import importlib
import re
from pathlib import Path

import pytest

from runrack import Instance

PAGE = (Path(__file__).parents[2] / "docs" / "coming_from.md").read_text()
ROWS = [
    line.split("|") for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| there")
]
DOTTED = sorted(
    {name for row in ROWS for name in re.findall(r"`(runrack\w*(?:\.\w+)+)`", row[2]) if ".yaml" not in name}
)
METHODS = sorted(
    {
        name
        for row in ROWS
        if "`runrack.Instance`" in row[2] and row[2].strip().startswith("the same on")
        for name in re.findall(r"`(\w+)`", row[1])
    }
)


@pytest.mark.parametrize("name", DOTTED)
def test_a_name_of_runrack_exists(name: str) -> None:
    """A dotted name of the middle column can be imported."""
    module, _, attribute = name.rpartition(".")
    assert hasattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("name", METHODS)
def test_what_is_the_same_on_the_instance_exists(name: str) -> None:
    """A name that is said to be the same on `runrack.Instance` is one of its members."""
    assert hasattr(Instance, name)
